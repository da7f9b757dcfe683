package androidx.camera.core;

/** What the adapter calls of CameraX's interface of this name. */
public interface ImageInfo {
    long getTimestamp();

    int getRotationDegrees();
}
