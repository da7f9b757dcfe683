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
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Engines as the app packs them, made loadable by Linux: {@code java HostLibraries.java native ENGINE.aar FOLDER}. Leaves
 * {@code x86_64/} for the JVM of this computer and, of TensorFlow Lite, {@code arm64-v8a/} for an emulator, each with the archive's
 * libraries and {@code liblog.so} (bionic.c of the first folder); with TensorFlow Lite also {@code answer} (answer.c). An
 * architecture whose compiler is missing is left out with a sentence; a library that calls a function nobody has examined
 * ends with exit code 1 and its name.
 */
public final class HostLibraries {
    private static final String TFLITE = "libtensorflowlite_jni.so";

    private record Target(String abi, int machine, String compiler) {}

    private static final List<Target> TARGETS =
            List.of(new Target("x86_64", 62, "gcc"), new Target("arm64-v8a", 183, "aarch64-linux-gnu-gcc"));

    /** Functions whose meaning, constants and structures are the same in bionic and glibc, both for 64 bits. */
    private static final Set<String> SAME = words("""
            abort access acos acosf acosh acoshf asin asinf asinh asinhf atan atan2 atan2f atanf atanh atanhf atoi bsearch btowc
            calloc cbrt clock_gettime close closedir closelog cos cosf cosh coshf __ctype_get_mb_cur_max __cxa_atexit
            __cxa_finalize __cxa_thread_atexit_impl difftime dl_iterate_phdr dladdr dlclose dlerror dlopen dlsym dup erfcf _exit
            exit exp exp2 exp2f expf expm1f fchmod fchown fcntl flock fmod fmodf fopen free freelocale frexp fstat fsync ftruncate
            getauxval getcwd getenv geteuid getpagesize getpid getrusage gettimeofday getuid gmtime_r hypot hypotf ioctl isatty
            iswalpha_l iswblank_l iswcntrl_l iswdigit_l iswlower_l iswprint_l iswpunct_l iswspace_l iswupper_l iswxdigit_l ldexp
            ldexpf localeconv localtime localtime_r log log10 log1p log1pf log2 log2f logf lseek lstat madvise malloc mbrlen
            mbrtowc mbsnrtowcs mbsrtowcs mbtowc memchr memcmp memcpy __memcpy_chk memmove __memmove_chk memset __memset_chk mkdir
            mktime mmap modf modff mprotect mremap munmap nan nanf nanosleep newlocale __open_2 opendir openlog posix_memalign pow
            powf prctl pread pthread_attr_init pthread_attr_setstacksize pthread_cond_broadcast pthread_cond_destroy
            pthread_cond_init pthread_cond_signal pthread_cond_timedwait pthread_cond_wait pthread_create pthread_detach
            pthread_equal pthread_getschedparam pthread_getspecific pthread_join pthread_key_create pthread_key_delete
            pthread_mutex_destroy pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock pthread_mutexattr_destroy
            pthread_mutexattr_init pthread_mutexattr_settype pthread_once pthread_rwlock_rdlock pthread_rwlock_unlock
            pthread_rwlock_wrlock pthread_self pthread_setspecific pwrite qsort rand read __read_chk readdir readlink realloc
            realpath __register_atfork remainderf remove rename rmdir sched_getcpu sched_yield select setenv sin sincos sincosf
            sinf sinh sinhf snprintf srand sscanf __stack_chk_fail stat stderr stdin stdout strchr strcmp strcoll_l strcspn
            strerror strftime strftime_l strlen strncmp strncpy strnlen strrchr strspn strstr strtod strtof strtol strtoll
            strtoll_l strtoull strtoull_l strxfrm_l syscall syslog tan tanf tanh tanhf time towlower_l towupper_l unlink unsetenv
            uselocale usleep utimes vasprintf vsnprintf __vsnprintf_chk __vsprintf_chk vsscanf wcrtomb wcscoll_l wcslen wcsnrtombs
            wcsxfrm_l wctob wmemchr wmemcmp write""");
    /** The same but for long double, of 128 bits there and 80 here on x86-64: for texts of numbers, which no model has. */
    private static final Set<String> NOT_FOR_MODELS = words("llroundl strtold_l");
    /** What only bionic has: in bionic.c. */
    private static final Set<String> ADDED = words("""
            __android_log_print __android_log_vprint __android_log_write __errno __FD_ISSET_chk __FD_SET_chk __gnu_strerror_r __sF
            __strchr_chk __strlen_chk __system_property_get android_set_abort_message""");
    /** What glibc means otherwise: in bionic.c with the first letter in upper case. */
    private static final Set<String> RENAMED = words("""
            dirname fclose fflush fileno fprintf fputc fputs fputwc fread fseek fseeko ftello fwrite getc getwc memalign nftw open
            pathconf pthread_mutex_init pthread_sigmask sigfillset strerror_r sysconf ungetc ungetwc vfprintf""");

    private static final long NULL = 0;
    private static final long NEEDED = 1;
    private static final long STRTAB = 5;
    private static final long SYMTAB = 6;
    /** DT_VERSYM, DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM: glibc's functions carry other versions. */
    private static final Set<Long> VERSIONS =
            Set.of(0x6ffffff0L, 0x6ffffffcL, 0x6ffffffdL, 0x6ffffffeL, 0x6fffffffL);

    private static final int DYNSYM = 11;

    private final String name;
    private final ByteBuffer elf;
    private final Map<Long, Long> tags = new HashMap<>();
    private final int dynamic;

    private HostLibraries(String name, byte[] library, Target target) {
        this.name = name;
        elf = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
        if (elf.getInt(0) != 0x464c457f || elf.get(4) != 2 || elf.getShort(18) != target.machine) {
            throw new IllegalArgumentException(name + " for " + target.abi + " is no 64-bit ELF file for it");
        }
        dynamic = findDynamic();
        for (int at = dynamic; elf.getLong(at) != NULL; at += 16) {
            tags.put(elf.getLong(at), elf.getLong(at + 8));
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path sources = Path.of(arguments[0]).toAbsolutePath();
        Path aar = Path.of(arguments[1]);
        Path folder = Path.of(arguments[2]);
        for (Target target : TARGETS) {
            clear(folder.resolve(target.abi));
            if (!System.getProperty("os.name").equals("Linux") || !canCompile(target.compiler)) {
                System.out.printf("%s for %s is left out: it needs Linux and %s with its C library%n", aar.getFileName(), target.abi, target.compiler);
                continue;
            }
            try (ZipFile zip = new ZipFile(aar.toFile())) {
                make(zip, target, sources, folder.resolve(target.abi));
            } catch (IllegalArgumentException error) {
                System.err.println(error.getMessage());
                System.exit(1);
            }
        }
    }

    private static void make(ZipFile zip, Target target, Path sources, Path folder) throws IOException, InterruptedException {
        List<HostLibraries> libraries = new ArrayList<>();
        Set<String> own = new HashSet<>(Set.of("liblog.so"));
        Set<String> given = new HashSet<>();
        for (String path : zip.stream().map(ZipEntry::getName).sorted().toList()) {
            if (path.startsWith("jni/" + target.abi + "/") && path.endsWith(".so")) {
                String file = path.substring(path.lastIndexOf('/') + 1);
                HostLibraries library = new HostLibraries(file, read(zip, path), target);
                libraries.add(library);
                own.add(file);
                given.addAll(library.symbols(true));
            }
        }
        if (!own.contains(TFLITE) && !target.abi.equals("x86_64")) {
            return;
        }
        Files.createDirectories(folder);
        for (HostLibraries library : libraries) {
            Files.write(folder.resolve(library.name), library.converted(own, given));
        }
        run(folder, target.compiler, "-std=gnu11", "-O2", "-Wall", "-shared", "-fPIC", "-Wl,-soname,liblog.so",
                "-Wl,--no-as-needed", "-o", "liblog.so", sources.resolve("bionic.c").toString(), "-lm", "-ldl", "-lpthread");
        if (own.contains(TFLITE)) {
            // Old dynamic tags: the path then holds for what the library needs, too.
            run(folder, target.compiler, "-std=gnu11", "-O2", "-Wall", "-Wl,--disable-new-dtags,-rpath,$ORIGIN",
                    "-o", "answer", sources.resolve("answer.c").toString(), TFLITE, "liblog.so");
        }
    }

    /** The library without version tags, its calls renamed, needing those of its archive and liblog.so, which brings glibc's. */
    private byte[] converted(Set<String> own, Set<String> given) {
        renameCalls(given);
        int kept = dynamic;
        int at = dynamic;
        for (; elf.getLong(at) != NULL; at += 16) {
            long tag = elf.getLong(at);
            long value = elf.getLong(at + 8);
            if (!VERSIONS.contains(tag) && (tag != NEEDED || own.contains(string(value)))) {
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
            int type = section(section) + 4;
            if (elf.getInt(type) >= 0x6ffffffd) {
                elf.putInt(type, 1);
            }
        }
    }

    private int section(int index) {
        return Math.toIntExact(elf.getLong(40)) + elf.getShort(58) * index;
    }

    /** Where the entries of symbols lie that others may call, or that this library calls. */
    private List<Integer> entries(boolean isDefined) {
        int count = 0;
        for (int section = 0; section < elf.getShort(60); section++) {
            if (elf.getInt(section(section) + 4) == DYNSYM) {
                count = Math.toIntExact(elf.getLong(section(section) + 32) / 24);
            }
        }
        List<Integer> found = new ArrayList<>();
        for (int symbol = 1; symbol < count; symbol++) {
            int entry = offset(tags.get(SYMTAB)) + 24 * symbol;
            boolean isWeak = (elf.get(entry + 4) >> 4 & 15) == 2;
            if ((elf.getShort(entry + 6) != 0) == isDefined && (isDefined || !isWeak || RENAMED.contains(string(elf.getInt(entry))))) {
                found.add(entry);
            }
        }
        return found;
    }

    private Set<String> symbols(boolean isDefined) {
        Set<String> names = new HashSet<>();
        entries(isDefined).forEach(entry -> names.add(string(elf.getInt(entry))));
        return names;
    }

    private void renameCalls(Set<String> given) {
        Set<String> unknown = new TreeSet<>(symbols(false));
        for (Set<String> examined : List.of(SAME, NOT_FOR_MODELS, ADDED, RENAMED, given)) {
            unknown.removeAll(examined);
        }
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(name + " calls " + String.join(" ", unknown)
                    + ": compare them in bionic's and glibc's headers and add them to a list of HostLibraries.java");
        }
        for (int entry : entries(false)) {
            if (RENAMED.contains(string(elf.getInt(entry)))) {
                rename(offset(tags.get(STRTAB) + elf.getInt(entry)));
            }
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
