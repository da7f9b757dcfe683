"""Pictures and the faces in them: decoding with EXIF, the detector protocol, labeled folders (Pillow, OpenCV)."""
