<?php
/**
 * Plugin Name: Upload to S3
 * Description: [mule_upload name="film" accept="video/*" max_size="2GB" multiple="yes"] in a post or a form.
 *
 * Set the option `mule_upload_signer` to the signer's URL, and copy the package's `dist/cdn/mule-upload.whole.js` into the
 * folder of this file.
 */

add_action( 'wp_enqueue_scripts', function () {
	$file = 'mule-upload.whole.js';
	// with the modification time as the version, browsers load a newer copy at once
	$version = (string) filemtime( __DIR__ . '/' . $file );
	wp_register_script_module( 'mule-upload', plugins_url( $file, __FILE__ ), array(), $version );
} );

add_shortcode( 'mule_upload', function ( $attributes ) {
	$attributes = shortcode_atts(
		array( 'name' => 'files', 'accept' => '', 'max_size' => '2GB', 'multiple' => '', 'required' => '' ),
		$attributes,
		'mule_upload'
	);
	wp_enqueue_script_module( 'mule-upload' );

	return sprintf(
		'<mule-upload signer="%s" name="%s" accept="%s" max-size="%s" scope="%s"%s%s></mule-upload>',
		esc_url( get_option( 'mule_upload_signer' ) ),
		esc_attr( $attributes['name'] ),
		esc_attr( $attributes['accept'] ),
		esc_attr( $attributes['max_size'] ),
		esc_attr( get_current_user_id() ),
		'yes' === $attributes['multiple'] ? ' multiple' : '',
		'yes' === $attributes['required'] ? ' required' : ''
	);
} );
