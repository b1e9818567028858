#!/usr/bin/env python3
"""Presses keys on an X display, as a user does: keys.py DISPLAY KEY ...

A key is an X keysym name, such as Tab, Return or slash. Tests answer the browser's permission prompts with it, because
no automation protocol does.
"""
import ctypes
import sys
import time

X11 = ctypes.CDLL("libX11.so.6")
XTEST = ctypes.CDLL("libXtst.so.6")
X11.XOpenDisplay.restype = ctypes.c_void_p
X11.XStringToKeysym.restype = ctypes.c_ulong
X11.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
X11.XFlush.argtypes = [ctypes.c_void_p]
XTEST.XTestFakeKeyEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]

display = X11.XOpenDisplay(sys.argv[1].encode())
if not display:
    sys.exit(f"no display {sys.argv[1]}")
for name in sys.argv[2:]:
    code = X11.XKeysymToKeycode(display, X11.XStringToKeysym(name.encode()))
    for is_down in (1, 0):
        XTEST.XTestFakeKeyEvent(display, code, is_down, 0)
        X11.XFlush(display)
        time.sleep(0.03)
    time.sleep(0.1)
