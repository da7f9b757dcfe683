"""Pictures and the faces in them: decoding with EXIF, the detector protocol, labelled folders (Pillow, OpenCV)."""
