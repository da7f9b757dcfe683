"""Pictures and the faces in them: decoding with EXIF, the detector protocol, labeled folders (Pillow, OpenCV)."""

DETECTOR_LIST = "fer_edge.faces.detectors:DETECTORS"
"""The list of the detectors, for options whose ``--help`` shall not wait for them."""
USUAL_DETECTOR = "haar"
"""The detector of a command that looks for faces and is not told with what."""
