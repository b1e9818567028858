export interface CephLayout {
  directory: string;
  clusterId: string;
  monitorPort: number;
  gatewayPort: number;
  /** Size of the one disk in bytes; the file is sparse. */
  capacity: number;
  /** Additional settings of the global section. */
  settings?: Readonly<Record<string, string>>;
}

/**
 * Writes ceph.conf for one monitor, one disk, one S3 gateway, all on the loopback address and without authentication
 * between them. Only S3's own signatures are checked; the tests need no more.
 * @see https://docs.ceph.com/en/pacific/rados/configuration/ceph-conf/
 */
export function cephConfiguration(layout: CephLayout): string {
  const { directory, clusterId, monitorPort, gatewayPort, capacity, settings = {} } = layout;
  const settingLines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  return `[global]
${settingLines.join('')}fsid = ${clusterId}
mon_host = v2:127.0.0.1:${monitorPort}/0
ms_bind_msgr1 = false
ms_bind_ipv6 = false
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
auth_supported = none
# By default the gateway requests an encrypted connection to the monitor, which needs authentication.
ms_mon_client_mode = crc
run_dir = ${directory}/run
admin_socket = ${directory}/run/$name.asok
crash_dir = ${directory}/run
log_file = /dev/null
log_to_stderr = true
err_to_stderr = true
mon_cluster_log_file = /dev/null
mon_cluster_log_to_stderr = false
log_to_syslog = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data = ${directory}/mon
mon_data_avail_crit = 1
mon_data_avail_warn = 1
mon_osd_full_ratio = .99
mon_osd_nearfull_ratio = .99
mon_osd_backfillfull_ratio = .99
[mon]
paxos_propose_interval = 0.05
mon_osd_initial_require_min_compat_client = luminous
[osd]
osd_data = ${directory}/osd
osd_objectstore = bluestore
bluestore_block_size = ${capacity}
bluestore_block_create = true
bluestore_fsck_on_mount = false
bdev_enable_discard = false
osd_op_num_shards = 2
osd_memory_target = 1073741824
osd_mclock_skip_benchmark = true
osd_scrub_begin_hour = 0
osd_scrub_load_threshold = 0.01
[client]
rgw_data = ${directory}/rgw
rgw_frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw_dns_name = localhost
rgw_enable_usage_log = false
rgw_enable_ops_log = false
rgw_run_sync_thread = false
rgw_thread_pool_size = 64
rgw_crypt_require_ssl = false
rgw_override_bucket_index_max_shards = 1
rgw_dynamic_resharding = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 30
objecter_timeout = 2
objecter_tick_interval = 1
`;
}
