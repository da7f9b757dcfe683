package androidx.camera.core;

import java.util.concurrent.Executor;

/** What the adapter calls of CameraX's class of this name. */
public final class ImageAnalysis {
    private Executor executor;
    private Analyzer analyzer;

    /** CameraX calls it once a picture and gives the next one after {@link ImageProxy#close()}. */
    public interface Analyzer {
        void analyze(ImageProxy image);
    }

    public void setAnalyzer(Executor executor, Analyzer analyzer) {
        this.executor = executor;
        this.analyzer = analyzer;
    }

    public void clearAnalyzer() {
        analyzer = null;
    }

    /** Not CameraX's: what its camera does, for tests. False: nobody listens. */
    public boolean deliver(ImageProxy image) {
        Analyzer listener = analyzer;
        if (listener == null) {
            return false;
        }
        executor.execute(() -> listener.analyze(image));
        return true;
    }
}
