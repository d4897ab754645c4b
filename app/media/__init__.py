"""Frame sources: videos and image folders, read pixel-exact and within bounded memory."""

import os

from app.media.limits import MAX_FRAME_PIXELS

# OpenCV reads its limit when it is first imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_FRAME_PIXELS))
