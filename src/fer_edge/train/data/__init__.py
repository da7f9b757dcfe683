"""Pictures for training: faces through the camera path into arrays, and what is done to them in a batch."""
