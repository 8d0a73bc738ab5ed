#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A person at the window: reads what a screen reader would (AT-SPI) and presses keys (xdotool). Commands and answers are JSON lines."""
import json
import os
import subprocess
import sys

import gi

gi.require_version("Atspi", "2.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Atspi, Gdk, GLib

STATES = {
    "sensitive": Atspi.StateType.SENSITIVE,
    "focused": Atspi.StateType.FOCUSED,
    "checked": Atspi.StateType.CHECKED,
    "showing": Atspi.StateType.SHOWING,
}


def walk(node, into):
    states = node.get_state_set()
    entry = {"role": node.get_role_name(), "name": node.get_name(), "description": node.get_description()}
    entry.update({name: states.contains(state) for name, state in STATES.items()})
    if "Component" in node.get_interfaces():
        at = node.get_extents(Atspi.CoordType.SCREEN)
        entry["left"], entry["top"], entry["right"], entry["bottom"] = at.x, at.y, at.x + at.width, at.y + at.height
    into.append(entry)
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            walk(child, into)


def lives(app):
    """A program that was killed stays in the desktop's list until everybody heard of it."""
    try:
        os.kill(app.get_process_id(), 0)
    except (GLib.Error, ProcessLookupError):
        return False
    return True


def tree(_):
    desktop, out = Atspi.get_desktop(0), []
    for i in range(desktop.get_child_count()):
        app = desktop.get_child_at_index(i)
        if app is not None and lives(app) and app.get_name() == "zaver-window":
            walk(app, out)
    return out


def key(command):
    subprocess.run(["xdotool", "key", "--clearmodifiers", command["key"]], check=True, timeout=10)
    return True


def close(_):
    window = subprocess.run(["xdotool", "search", "--class", "zaver-window"], check=True, capture_output=True, timeout=10).stdout.split()
    Gdk.init([])
    # What a window manager sends when its close button is pressed.
    subprocess.run([sys.executable, "-c", CLOSE] + [w.decode() for w in window], check=True, timeout=10)
    return True


CLOSE = """
import ctypes, sys
x = ctypes.CDLL("libX11.so.6")
x.XOpenDisplay.restype = ctypes.c_void_p
x.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
x.XInternAtom.restype = ctypes.c_ulong
class Message(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
                ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong), ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("pad", ctypes.c_long * 24)]
d = x.XOpenDisplay(None)
protocols, delete = x.XInternAtom(d, b"WM_PROTOCOLS", 0), x.XInternAtom(d, b"WM_DELETE_WINDOW", 0)
x.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
x.XFlush.argtypes = [ctypes.c_void_p]
for w in sys.argv[1:]:
    m = Message(33, 0, 1, d, int(w), protocols, 32, (ctypes.c_long * 5)(delete, 0, 0, 0, 0))
    x.XSendEvent(d, int(w), 0, 0, ctypes.byref(m))
x.XFlush(d)
"""


def shot(_):
    root = Gdk.get_default_root_window()
    picture = Gdk.pixbuf_get_from_window(root, 0, 0, root.get_width(), root.get_height())
    pixels = picture.get_pixels()
    return len({pixels[i : i + 3] for i in range(0, len(pixels) - 3, 3 * 997)})


def main():
    Atspi.init()
    commands = {"tree": tree, "key": key, "close": close, "shot": shot}
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"ok": commands[command["do"]](command)}
        except Exception as e:  # a node that went away while it was read: the test asks again
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


main()
