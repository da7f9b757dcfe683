package io.github.feredge.benchmark;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs the benchmark with the allocation profiler and writes times, bytes a frame and the processor's model. */
public final class Measure {
    private Measure() {}

    /** Measures; the argument names the result file. */
    public static void main(String[] arguments) throws RunnerException, IOException {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                .include(CameraPathBenchmark.class.getSimpleName())
                .addProfiler(GCProfiler.class)
                .build()).run();
        List<String> records = new ArrayList<>();
        for (RunResult result : results) {
            records.add(record(result));
        }
        String text = "{\"schema\": \"fer-edge-android-jmh/1\",\n"
                + " \"what\": \"640x480 NV21, turned by 90 degrees, to the input tensor: core/ on the JVM\",\n"
                + " \"environment\": {\"cpu\": \"" + cpu() + "\", \"processors\": " + Runtime.getRuntime().availableProcessors()
                + ", \"java\": \"" + System.getProperty("java.vm.name") + " " + Runtime.version() + "\"},\n"
                + " \"goal\": {\"64x64x1_milliseconds\": 1.5, \"224x224x3_milliseconds\": 3.0, \"bytes_in_1000_frames\": 0},\n"
                + " \"records\": [\n  " + String.join(",\n  ", records) + "\n ]}\n";
        Path file = Path.of(arguments[0]);
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, text);
        System.out.print(text);
    }

    private static String record(RunResult result) {
        List<String> samples = new ArrayList<>();
        for (BenchmarkResult fork : result.getBenchmarkResults()) {
            for (IterationResult iteration : fork.getIterationResults()) {
                samples.add(number(iteration.getPrimaryResult().getScore(), 4));
            }
        }
        Result<?> bytes = result.getSecondaryResults().get("gc.alloc.rate.norm");
        Result<?> collections = result.getSecondaryResults().get("gc.count");
        return "{\"target\": \"" + result.getParams().getParam("target") + "\", \"part\": \"" + result.getParams().getParam("part")
                + "\", \"milliseconds\": " + number(result.getPrimaryResult().getScore(), 4)
                + ", \"samples_milliseconds\": [" + String.join(", ", samples)
                + "], \"bytes_in_1000_frames\": " + allocated(result)
                // The profiler's figure holds what the harness itself allocates between iterations.
                + ", \"profiler_bytes_a_frame\": " + number(bytes.getScore(), 3)
                + ", \"collections\": " + number(collections == null ? 0 : collections.getScore(), 0) + "}";
    }

    /** What this thread allocates in 1000 frames after warm-up, exactly. */
    private static long allocated(RunResult result) {
        CameraPathBenchmark benchmark = new CameraPathBenchmark();
        benchmark.target = result.getParams().getParam("target");
        benchmark.part = result.getParams().getParam("part");
        benchmark.setUp();
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        // The first round warms up; a compiler that ends in the middle of a round counts too, so the least is taken.
        for (int round = 0; round < 4; round++) {
            long before = thread.getCurrentThreadAllocatedBytes();
            for (int frame = 0; frame < 1000; frame++) {
                benchmark.prepare();
            }
            least = Math.min(least, thread.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    private static String number(double value, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    /** The processor's model name, where the system tells it. */
    private static String cpu() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst().orElse(System.getProperty("os.arch"));
        } catch (IOException | UncheckedIOException error) {
            return System.getProperty("os.arch");
        }
    }
}
