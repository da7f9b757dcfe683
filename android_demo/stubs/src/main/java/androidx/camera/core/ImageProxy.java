package androidx.camera.core;

import android.media.Image;
import java.nio.ByteBuffer;

/** What the adapter calls of CameraX's interface of this name. */
public interface ImageProxy extends AutoCloseable {
    @Override
    void close();

    int getFormat();

    int getHeight();

    int getWidth();

    PlaneProxy[] getPlanes();

    ImageInfo getImageInfo();

    Image getImage();

    /** One plane. */
    interface PlaneProxy {
        int getRowStride();

        int getPixelStride();

        ByteBuffer getBuffer();
    }
}
