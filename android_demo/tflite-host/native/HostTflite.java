import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * TensorFlow Lite as the app packs it, made loadable by Linux: {@code java HostTflite.java native TFLITE.aar FOLDER}. Leaves
 * {@code x86_64/} for the JVM of this computer and {@code arm64-v8a/} for an emulator, each with the library, {@code liblog.so}
 * (bionic.c of the first folder) and {@code answer} (answer.c). An architecture whose compiler is missing is left out with
 * a sentence; a library that calls a function nobody has examined ends with exit code 1 and its name.
 */
public final class HostTflite {
    private static final String LIBRARY = "libtensorflowlite_jni.so";

    private record Target(String abi, int machine, String compiler) {}

    private static final List<Target> TARGETS =
            List.of(new Target("x86_64", 62, "gcc"), new Target("arm64-v8a", 183, "aarch64-linux-gnu-gcc"));

    /** Functions whose meaning, constants and structures are the same in bionic and glibc, both for 64 bits. */
    private static final Set<String> SAME = words("""
            __cxa_atexit __cxa_finalize __memmove_chk __open_2 __read_chk __stack_chk_fail __vsnprintf_chk
            abort atan2 atan2f bsearch calloc clock_gettime close closelog cos cosf dl_iterate_phdr dlclose dlerror dlopen dlsym
            erfcf exit exp expf expm1f flock fmodf fopen free freelocale frexp fstat fsync getauxval getenv getpagesize getuid
            hypot hypotf ldexp log log1p logf madvise malloc memchr memcmp memcpy memmove memset mmap mprotect mremap
            munmap nanf nanosleep newlocale openlog posix_memalign pow powf
            pthread_cond_broadcast pthread_cond_destroy pthread_cond_init pthread_cond_signal pthread_cond_wait
            pthread_create pthread_equal pthread_getspecific pthread_join pthread_key_create pthread_key_delete
            pthread_mutex_destroy pthread_mutex_lock pthread_mutex_unlock pthread_once pthread_rwlock_rdlock
            pthread_rwlock_unlock pthread_rwlock_wrlock pthread_self pthread_setspecific
            qsort read realloc rename sincos sincosf sinf snprintf strcmp strerror strlen strncmp strncpy strnlen strtod strtol
            strtoll_l strtoull_l syscall syslog tanhf time vasprintf vsnprintf write""");
    /** What only bionic has: in bionic.c. */
    private static final Set<String> ADDED = words(
            "__android_log_vprint __errno __sF __strlen_chk __system_property_get android_set_abort_message");
    /** What glibc means otherwise: in bionic.c with the first letter in upper case. */
    private static final Set<String> RENAMED = words(
            "fclose fflush fileno fprintf fputc fread fwrite memalign open pthread_mutex_init strerror_r sysconf vfprintf");

    private static final long NULL = 0;
    private static final long NEEDED = 1;
    private static final long HASH = 4;
    private static final long STRTAB = 5;
    private static final long SYMTAB = 6;
    /** DT_VERSYM, DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM: glibc's functions carry other versions. */
    private static final Set<Long> VERSIONS =
            Set.of(0x6ffffff0L, 0x6ffffffcL, 0x6ffffffdL, 0x6ffffffeL, 0x6fffffffL);

    private final ByteBuffer elf;
    private final Map<Long, Long> tags = new HashMap<>();
    private int dynamic;

    private HostTflite(byte[] library, Target target) {
        elf = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
        if (elf.getInt(0) != 0x464c457f || elf.get(4) != 2 || elf.getShort(18) != target.machine) {
            throw new IllegalArgumentException("the library for " + target.abi + " is no 64-bit ELF file for it");
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path sources = Path.of(arguments[0]).toAbsolutePath();
        Path aar = Path.of(arguments[1]);
        Path folder = Path.of(arguments[2]);
        for (Target target : TARGETS) {
            clear(folder.resolve(target.abi));
            if (!System.getProperty("os.name").equals("Linux") || !canCompile(target.compiler)) {
                System.out.printf("TensorFlow Lite for %s is left out: it needs Linux and %s with its C library%n", target.abi, target.compiler);
                continue;
            }
            try (ZipFile zip = new ZipFile(aar.toFile())) {
                make(zip, target, sources, Files.createDirectories(folder.resolve(target.abi)));
            } catch (IllegalArgumentException error) {
                System.err.println(error.getMessage());
                System.exit(1);
            }
        }
    }

    private static void make(ZipFile zip, Target target, Path sources, Path folder) throws IOException, InterruptedException {
        byte[] library = read(zip, "jni/" + target.abi + "/" + LIBRARY);
        Files.write(folder.resolve(LIBRARY), new HostTflite(library, target).converted());
        run(folder, target.compiler, "-std=gnu11", "-O2", "-Wall", "-shared", "-fPIC", "-Wl,-soname,liblog.so",
                "-Wl,--no-as-needed", "-o", "liblog.so", sources.resolve("bionic.c").toString(), "-lm", "-ldl", "-lpthread");
        // Old dynamic tags: the path then holds for what the library needs, too.
        run(folder, target.compiler, "-std=gnu11", "-O2", "-Wall", "-Wl,--disable-new-dtags,-rpath,$ORIGIN",
                "-o", "answer", sources.resolve("answer.c").toString(), LIBRARY, "liblog.so");
    }

    /** The library without version tags, its calls renamed, needing liblog.so alone, which brings glibc's libraries. */
    private byte[] converted() {
        dynamic = findDynamic();
        for (int at = dynamic; elf.getLong(at) != NULL; at += 16) {
            tags.put(elf.getLong(at), elf.getLong(at + 8));
        }
        renameCalls();
        int kept = dynamic;
        int at = dynamic;
        for (; elf.getLong(at) != NULL; at += 16) {
            long tag = elf.getLong(at);
            long value = elf.getLong(at + 8);
            if (!VERSIONS.contains(tag) && (tag != NEEDED || string(value).equals("liblog.so"))) {
                elf.putLong(kept, tag).putLong(kept + 8, value);
                kept += 16;
            }
        }
        for (; kept < at; kept += 16) {
            elf.putLong(kept, NULL).putLong(kept + 8, 0);
        }
        hideVersions();
        return elf.array();
    }

    /** The loader reads the tags, the linker the sections: those of versions (three types) become plain data. */
    private void hideVersions() {
        for (int section = 0; section < elf.getShort(60); section++) {
            int type = Math.toIntExact(elf.getLong(40)) + elf.getShort(58) * section + 4;
            if (elf.getInt(type) >= 0x6ffffffd) {
                elf.putInt(type, 1);
            }
        }
    }

    private void renameCalls() {
        List<String> unknown = new ArrayList<>();
        int symbols = offset(tags.get(SYMTAB));
        int count = elf.getInt(offset(tags.get(HASH)) + 4);
        for (int symbol = 1; symbol < count; symbol++) {
            int entry = symbols + 24 * symbol;
            boolean isDefined = elf.getShort(entry + 6) != 0;
            boolean isWeak = (elf.get(entry + 4) >> 4 & 15) == 2;
            String name = string(elf.getInt(entry));
            if (!isDefined && RENAMED.contains(name)) {
                rename(offset(tags.get(STRTAB) + elf.getInt(entry)));
            } else if (!isDefined && !isWeak && !SAME.contains(name) && !ADDED.contains(name)) {
                unknown.add(name);
            }
        }
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(LIBRARY + " calls " + String.join(" ", unknown)
                    + ": compare them in bionic's and glibc's headers and add them to a list of HostTflite.java");
        }
    }

    /** In place; a name may be the end of another one's bytes, which must not change. */
    private void rename(int at) {
        if (elf.get(at - 1) != 0) {
            throw new IllegalArgumentException("a name to change is part of another one: this library needs a new table of names");
        }
        elf.put(at, (byte) Character.toUpperCase(elf.get(at)));
    }

    /** Where PT_DYNAMIC lies in the file. */
    private int findDynamic() {
        for (int header : headers()) {
            if (elf.getInt(header) == 2) {
                return Math.toIntExact(elf.getLong(header + 8));
            }
        }
        throw new IllegalArgumentException("a library without a dynamic section");
    }

    /** Where an address lies in the file: by the segments that are loaded. */
    private int offset(long address) {
        for (int header : headers()) {
            long start = elf.getLong(header + 16);
            if (elf.getInt(header) == 1 && address >= start && address < start + elf.getLong(header + 32)) {
                return Math.toIntExact(address - start + elf.getLong(header + 8));
            }
        }
        throw new IllegalArgumentException("address " + address + " lies in no segment");
    }

    private int[] headers() {
        int[] headers = new int[elf.getShort(56)];
        Arrays.setAll(headers, index -> Math.toIntExact(elf.getLong(32)) + elf.getShort(54) * index);
        return headers;
    }

    private String string(long name) {
        int start = offset(tags.get(STRTAB) + name);
        int end = start;
        while (elf.get(end) != 0) {
            end++;
        }
        return new String(elf.array(), start, end - start, StandardCharsets.US_ASCII);
    }

    private static byte[] read(ZipFile zip, String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IllegalArgumentException("the archive holds no " + name);
        }
        try (InputStream stream = zip.getInputStream(entry)) {
            return stream.readAllBytes();
        }
    }

    private static void run(Path folder, String... command) throws IOException, InterruptedException {
        if (new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start().waitFor() != 0) {
            throw new IllegalArgumentException("failed: " + String.join(" ", command));
        }
    }

    /** A compiler and the headers of its C library. */
    private static boolean canCompile(String compiler) throws InterruptedException {
        try {
            return new ProcessBuilder(compiler, "-include", "stdio.h", "-E", "-x", "c", "/dev/null")
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException error) {
            return false;
        }
    }

    private static void clear(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (var paths = Files.walk(folder)) {
                for (Path path : paths.sorted(Collections.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private static Set<String> words(String text) {
        return new HashSet<>(List.of(text.strip().split("\\s+")));
    }
}
