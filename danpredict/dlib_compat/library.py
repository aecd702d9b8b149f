"""dlib's classes if dlib is installed, else stand-ins. The only file that imports dlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danpredict.dlib_compat import stand_ins

try:
    import dlib as installed_dlib
except ModuleNotFoundError:
    installed_dlib = None

HAVE_DLIB = installed_dlib is not None
dlib: Any = installed_dlib if HAVE_DLIB else stand_ins

if TYPE_CHECKING:  # dlib has no type annotations; the stand-ins have the same interface
    from danpredict.dlib_compat.stand_ins import full_object_detection, point, points, rectangle
else:
    full_object_detection = dlib.full_object_detection
    point, points, rectangle = dlib.point, dlib.points, dlib.rectangle

__all__ = ["HAVE_DLIB", "dlib", "full_object_detection", "point", "points", "rectangle"]
