/*
 * What Android's C library (bionic) has and this computer's (glibc) has not or means otherwise, for the functions that
 * TensorFlow Lite's library calls. It stands in for liblog.so. A function whose first letter is in upper case replaces
 * the one of glibc: HostTflite.java renames the calls. Sizes and constants are those of bionic's headers for 64 bits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int *__errno(void) { return __errno_location(); }
size_t __strlen_chk(const char *text, size_t size) { (void)size; return strlen(text); }
void android_set_abort_message(const char *message) { fprintf(stderr, "%s\n", message); }

/* The one that is asked for: XNNPACK, which computes on phones, is used from Android 5 (20) on. */
int __system_property_get(const char *name, char *value) {
    strcpy(value, strcmp(name, "ro.build.version.sdk") ? "" : "34");
    return (int)strlen(value);
}

/* Messages go where FER_EDGE_ANDROID_LOG says, if it does. */
int __android_log_vprint(int priority, const char *tag, const char *format, va_list values) {
    const char *path = getenv("FER_EDGE_ANDROID_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    if (!log) return 0;
    fprintf(log, "%c/%s: ", "??VDIWEF"[priority & 7], tag);
    vfprintf(log, format, values);
    fputc('\n', log);
    return fclose(log) ? -1 : 1;
}

/* Standard streams are an array there; FILE is 152 bytes. */
struct bionic_file { char bytes[152]; } __sF[3];

static FILE *stream(void *file) {
    if (file == &__sF[0]) return stdin;
    if (file == &__sF[1]) return stdout;
    return file == &__sF[2] ? stderr : file;
}

int Vfprintf(void *file, const char *format, va_list values) { return vfprintf(stream(file), format, values); }
size_t Fwrite(const void *data, size_t size, size_t count, void *file) { return fwrite(data, size, count, stream(file)); }
size_t Fread(void *data, size_t size, size_t count, void *file) { return fread(data, size, count, stream(file)); }
int Fputc(int character, void *file) { return fputc(character, stream(file)); }
int Fflush(void *file) { return fflush(stream(file)); }
int Fileno(void *file) { return fileno(stream(file)); }
int Fclose(void *file) { return fclose(stream(file)); }

int Fprintf(void *file, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int written = Vfprintf(file, format, values);
    va_end(values);
    return written;
}

/* POSIX's there, GNU's here. */
int __xpg_strerror_r(int number, char *text, size_t size);
int Strerror_r(int number, char *text, size_t size) { return __xpg_strerror_r(number, text, size); }

/* 40 bytes there on every processor; glibc clears 48 on ARM. All zeros is an ordinary mutex in both. */
int Pthread_mutex_init(void *mutex, const void *attributes) {
    if (attributes) return EINVAL;
    memset(mutex, 0, 40);
    return 0;
}

/*
 * XNNPACK asks for 32 bytes on Android, but its int8 kernels for AVX-512 read their parameters as if 64 had been asked for:
 * an emulator on such a computer may end there, a phone has no AVX-512.
 */
void *Memalign(size_t alignment, size_t size) { return memalign(alignment < 64 ? 64 : alignment, size); }

long Sysconf(int name) {
    switch (name) {
        case 0x27: case 0x28: return sysconf(_SC_PAGESIZE);
        case 0x60: return sysconf(_SC_NPROCESSORS_CONF);
        case 0x61: return sysconf(_SC_NPROCESSORS_ONLN);
        case 0x62: return sysconf(_SC_PHYS_PAGES);
        case 0x63: return sysconf(_SC_AVPHYS_PAGES);
        default: errno = EINVAL; return -1;
    }
}

/* The lists of processors, which every phone has and some containers have not: without them XNNPACK does not start. */
static int open_processors(const char *path) {
    static const char folder[] = "/sys/devices/system/cpu/";
    if (strncmp(path, folder, sizeof folder - 1)) return -1;
    const char *name = path + sizeof folder - 1;
    int is_list = !strcmp(name, "possible") || !strcmp(name, "present");
    if (!is_list && strcmp(name, "kernel_max")) return -1;
    int file = memfd_create(name, MFD_CLOEXEC);
    if (file >= 0) {
        dprintf(file, is_list ? "0-%ld\n" : "%ld\n", sysconf(_SC_NPROCESSORS_CONF) - 1);
        lseek(file, 0, SEEK_SET);
    }
    return file;
}

int Open(const char *path, int flags, ...) {
    va_list values;
    va_start(values, flags);
    int file = open(path, flags, flags & O_CREAT ? va_arg(values, int) : 0);
    va_end(values);
    return file < 0 && errno == ENOENT ? open_processors(path) : file;
}
