package io.github.feredge.benchmark;

import io.github.feredge.core.bundle.Contract;
import io.github.feredge.core.camera.CameraFrame;
import io.github.feredge.core.camera.CameraPath;
import io.github.feredge.core.camera.FaceBox;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One 640x480 NV21 frame, turned by 90 degrees as on a phone held upright, to the model's input tensor. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 8, time = 1)
@Fork(2)
public class CameraPathBenchmark {
    /** Width and height of the tensor, then its channels. */
    @Param({"64x64x1", "224x224x3"})
    public String target;

    /** The whole picture, or a face that moves by a pixel from frame to frame so that no table serves twice. */
    @Param({"whole", "face"})
    public String part;

    private static final int FACES = 16;

    private final CameraFrame frame = new CameraFrame();
    private final ByteBuffer luma = ByteBuffer.allocateDirect(640 * 480);
    private final ByteBuffer chromaV = ByteBuffer.allocateDirect(640 * 240 - 1);
    private final ByteBuffer chromaU = ByteBuffer.allocateDirect(640 * 240 - 1);
    private final FaceBox[] faces = new FaceBox[FACES];
    private CameraPath path;
    private int number;

    @Setup
    public void setUp() {
        Random random = new Random(7);
        for (ByteBuffer plane : new ByteBuffer[] {luma, chromaU, chromaV}) {
            byte[] data = new byte[plane.capacity()];
            random.nextBytes(data);
            plane.put(data).rewind();
        }
        for (int index = 0; index < FACES; index++) {
            faces[index] = new FaceBox(100.5 + index, 150.25, 340.5 + index, 390.75 + index % 3);
        }
        path = new CameraPath(Contract.parse(Contracts.of(target)));
    }

    @Benchmark
    public ByteBuffer prepare() {
        frame.setYuv420(luma, chromaU, chromaV, 640, 480, 640, 1, 640, 2, 640, 2, 90);
        number = (number + 1) % FACES;
        return path.prepare(frame, part.equals("whole") ? null : faces[number]);
    }
}
