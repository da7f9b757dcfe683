import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Looks into a finished APK: {@code java ApkReport.java APP.apk BADGING.txt ENGINE}, where the second is the output of
 * {@code aapt2 dump badging} and the third tflite or onnx. Prints size, permissions and page alignment; exit code 1 and a sentence
 * for each fault: a permission other than the camera's, classes or an address of telemetry, classes or libraries of the other engine,
 * models that are compressed, pages that Google Play refuses though there is a library with larger ones.
 */
public final class ApkReport {
    private static final long LARGE_PAGE = 16384;
    /** Of ONNX Runtime's telemetry, which its AAR for Android holds. */
    private static final List<String> TELEMETRY =
            List.of("ai/onnxruntime/telemetry", "TelemetryInitializer", "events.data.microsoft.com");
    /** Packages of classes and names of libraries. */
    private static final Map<String, List<String>> ENGINES = Map.of(
            "tflite", List.of("Lorg/tensorflow/lite/", "libtensorflowlite_jni.so"),
            "onnx", List.of("Lai/onnxruntime/", "libonnxruntime.so", "libonnxruntime4j_jni.so"));

    private final String engine;
    private final List<String> faults = new ArrayList<>();

    private ApkReport(String engine) {
        this.engine = engine;
    }

    public static void main(String[] arguments) throws IOException {
        ApkReport report = new ApkReport(arguments[2]);
        Path apk = Path.of(arguments[0]);
        System.out.printf("%s: %,d bytes%n", apk.getFileName(), Files.size(apk));
        report.badging(Files.readAllLines(Path.of(arguments[1])));
        report.entries(apk);
        report.faults.forEach(System.err::println);
        System.exit(report.faults.isEmpty() ? 0 : 1);
    }

    private void badging(List<String> lines) {
        for (String line : lines) {
            boolean isPermission = line.startsWith("uses-permission:");
            if (isPermission && !line.contains("'android.permission.CAMERA'")) {
                faults.add(line + ": allowed is the camera only");
            }
            if (isPermission || line.startsWith("package:") || line.startsWith("sdkVersion:")
                    || line.startsWith("targetSdkVersion:") || line.startsWith("native-code:")) {
                System.out.println("  " + line);
            }
        }
        need(lines, "sdkVersion:'26'");
        need(lines, "targetSdkVersion:'36'");
        // Whatever is implied by a permission would hide the app from devices that can run it.
        for (String line : lines) {
            if (line.strip().startsWith("uses-feature:") || line.strip().startsWith("uses-implied-feature:")) {
                faults.add(line.strip() + ": allowed are features that are not required");
            }
        }
        for (String feature : List.of("camera", "camera.any", "camera.autofocus", "camera.front")) {
            need(lines, "  uses-feature-not-required: name='android.hardware." + feature + "'");
        }
        need(lines, "application: label='fer-edge' icon='res/mipmap-anydpi-v26/icon.xml'");
        need(lines, "locales: '--_--' 'de'");
    }

    private void need(List<String> lines, String wanted) {
        if (!lines.contains(wanted)) {
            faults.add("the manifest does not say " + wanted);
        }
    }

    private void entries(Path apk) throws IOException {
        int models = 0;
        Set<String> held = new TreeSet<>();
        try (ZipFile zip = new ZipFile(apk.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                String name = entry.getName();
                boolean isModel = name.endsWith(".tflite") || name.endsWith(".onnx");
                models += name.endsWith("." + engine) ? 1 : 0;
                if ((isModel || name.equals("resources.arsc")) && entry.getMethod() != ZipEntry.STORED) {
                    faults.add(name + " is compressed; it must be stored to be mapped into memory");
                }
                byte[] content = read(zip, entry);
                if (name.endsWith(".so")) {
                    held.add(name.substring(name.lastIndexOf('/') + 1));
                    pages(name, content);
                } else {
                    telemetry(name, content);
                }
                if (name.endsWith(".dex")) {
                    held.addAll(new Dex(content).classes());
                }
            }
        }
        if (models == 0) {
            faults.add("there is no ." + engine + " model in this APK");
        }
        engines(held);
    }

    private static byte[] read(ZipFile zip, ZipEntry entry) throws IOException {
        try (InputStream stream = zip.getInputStream(entry)) {
            return stream.readAllBytes();
        }
    }

    /** Strings as dex, manifest (UTF-16) and text files write them. A library cannot send anything without such a class. */
    private void telemetry(String name, byte[] content) {
        String text = new String(content, StandardCharsets.ISO_8859_1).replace("\0", "");
        for (String word : TELEMETRY) {
            if (text.contains(word)) {
                faults.add(name + " holds \"" + word + "\"; allowed is no telemetry");
            }
        }
    }

    /** @param held descriptors of defined classes and names of libraries. */
    private void engines(Set<String> held) {
        ENGINES.forEach((one, parts) -> parts.forEach(part -> {
            boolean isThere = held.stream().anyMatch(name -> name.startsWith(part));
            if (isThere != one.equals(engine)) {
                faults.add(part + (isThere ? " is" : " is not") + " in this APK, whose engine is " + engine);
            }
        }));
    }

    /** The smallest alignment of a segment that is loaded: program headers of ELF64, type PT_LOAD, field p_align. */
    private void pages(String name, byte[] content) {
        ByteBuffer elf = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        long header = elf.getLong(32);
        int entry = elf.getShort(54);
        int count = elf.getShort(56);
        long least = Long.MAX_VALUE;
        for (int index = 0; index < count; index++) {
            int position = (int) header + index * entry;
            if (elf.getInt(position) == 1) {
                least = Math.min(least, elf.getLong(position + 48));
            }
        }
        // Alignment within the APK does not change this: the segments are laid out when a library is linked.
        String note = least >= LARGE_PAGE ? "fits pages of 16 KB" : "not for pages of 16 KB, which Google Play asks for; for adb install";
        System.out.printf("  %s: %,d bytes, pages of %d KB: %s%n", name, content.length, least / 1024, note);
        if (engine.equals("onnx") && least < LARGE_PAGE) {
            faults.add(name + " has pages of " + least / 1024 + " KB; allowed are 16 KB and more");
        }
    }

    /** The few tables of a dex file that name the classes defined in it. */
    private static final class Dex {
        private static final int STRINGS = 60;
        private static final int TYPES = 68;
        private static final int CLASSES = 96;
        private static final int CLASS_BYTES = 32;
        private final ByteBuffer bytes;

        Dex(byte[] content) {
            bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        }

        /** Descriptors such as {@code Lai/onnxruntime/OrtSession;}. */
        Set<String> classes() {
            Set<String> found = new TreeSet<>();
            for (int index = 0; index < bytes.getInt(CLASSES); index++) {
                int type = bytes.getInt(bytes.getInt(CLASSES + 4) + index * CLASS_BYTES);
                int string = bytes.getInt(bytes.getInt(TYPES) + type * 4);
                found.add(string(bytes.getInt(bytes.getInt(STRINGS) + string * 4)));
            }
            return found;
        }

        private String string(int start) {
            int first = start;
            while (bytes.get(first) < 0) { // the length in UTF-16 units, as ULEB128
                first++;
            }
            int end = ++first;
            while (bytes.get(end) != 0) {
                end++;
            }
            return new String(bytes.array(), first, end - first, StandardCharsets.UTF_8);
        }
    }
}
