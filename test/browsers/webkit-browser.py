#!/usr/bin/python3
"""A WebKitGTK browser with a profile on disk, which WebKitWebDriver starts as its browser binary.

MiniBrowser, the usual browser binary, always has a private session under automation: it keeps no storage, and its
IndexedDB rejects Files. The last argument is the profile's folder, or "private" for a private session.
"""
import os
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

# These features are on in Safari and off by default in WebKitGTK.
FEATURES = {"FileSystem", "AccessHandle", "FileSystemWritableStream", "StorageAPI", "StorageAPIEstimate"}


def make_context(profile):
    if profile == "private":
        manager = WebKit2.WebsiteDataManager.new_ephemeral()
    else:
        manager = WebKit2.WebsiteDataManager(
            base_data_directory=os.path.join(profile, "data"), base_cache_directory=os.path.join(profile, "cache")
        )
    context = WebKit2.WebContext.new_with_website_data_manager(manager)
    context.set_automation_allowed(True)
    return context


def make_settings():
    settings = WebKit2.Settings(enable_developer_extras=True)
    features = WebKit2.Settings.get_all_features()
    for index in range(features.get_length()):
        feature = features.get(index)
        if feature.get_identifier() in FEATURES:
            settings.set_feature_enabled(feature, True)
    return settings


def main():
    context = make_context(sys.argv[-1])
    settings = make_settings()

    def new_view(_session, *_):
        view = WebKit2.WebView(web_context=context, settings=settings, is_controlled_by_automation=True)
        window = Gtk.Window()
        window.set_default_size(1024, 768)
        window.add(view)
        window.show_all()
        view.connect("close", lambda _view: window.destroy())
        return view

    def started(_context, session):
        info = WebKit2.ApplicationInfo()
        info.set_name("webkit-browser.py")
        info.set_version(
            WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version()
        )
        session.set_application_info(info)
        session.connect("create-web-view::window", new_view)
        session.connect("create-web-view::tab", new_view)

    context.connect("automation-started", started)
    Gtk.main()


main()
