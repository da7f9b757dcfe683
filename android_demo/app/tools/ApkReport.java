import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Looks into a finished APK: {@code java ApkReport.java APP.apk BADGING.txt}, where the second is the output of
 * {@code aapt2 dump badging}. Prints size, permissions and page alignment; exit code 1 and a sentence for each fault.
 */
public final class ApkReport {
    private final List<String> faults = new ArrayList<>();

    public static void main(String[] arguments) throws IOException {
        ApkReport report = new ApkReport();
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
        try (ZipFile zip = new ZipFile(apk.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                String name = entry.getName();
                boolean isModel = name.endsWith(".tflite");
                models += isModel ? 1 : 0;
                if ((isModel || name.equals("resources.arsc")) && entry.getMethod() != ZipEntry.STORED) {
                    faults.add(name + " is compressed; it must be stored to be mapped into memory");
                }
                if (name.endsWith(".so")) {
                    pages(name, entry.getSize(), zip.getInputStream(entry));
                }
            }
        }
        if (models == 0) {
            faults.add("there is no model in this APK");
        }
    }

    /** The smallest alignment of a segment that is loaded: program headers of ELF64, type PT_LOAD, field p_align. */
    private static void pages(String name, long size, InputStream stream) throws IOException {
        ByteBuffer elf;
        try (stream) {
            elf = ByteBuffer.wrap(stream.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        }
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
        String note = least >= 16384 ? "fits pages of 16 KB" : "not for pages of 16 KB, which Google Play asks for; for adb install";
        System.out.printf("  %s: %,d bytes, pages of %d KB: %s%n", name, size, least / 1024, note);
    }
}
