/*
 * What Android's C library (bionic) has and this computer's (glibc) has not or means otherwise, for the functions that
 * libraries of engines call. It stands in for liblog.so. A function whose first letter is in upper case replaces
 * the one of glibc: HostLibraries.java renames the calls. Sizes and constants are those of bionic's headers for 64 bits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <unistd.h>
#include <wchar.h>

int *__errno(void) { return __errno_location(); }
size_t __strlen_chk(const char *text, size_t size) { (void)size; return strlen(text); }
char *__strchr_chk(const char *text, int character, size_t size) { (void)size; return strchr(text, character); }
int __FD_ISSET_chk(int file, const fd_set *set, size_t size) { (void)size; return FD_ISSET(file, set); }
void __FD_SET_chk(int file, fd_set *set, size_t size) { (void)size; FD_SET(file, set); }
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

int __android_log_print(int priority, const char *tag, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int written = __android_log_vprint(priority, tag, format, values);
    va_end(values);
    return written;
}

int __android_log_write(int priority, const char *tag, const char *text) {
    return __android_log_print(priority, tag, "%s", text);
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
int Fseek(void *file, long offset, int whence) { return fseek(stream(file), offset, whence); }
int Fseeko(void *file, off_t offset, int whence) { return fseeko(stream(file), offset, whence); }
off_t Ftello(void *file) { return ftello(stream(file)); }
int Fputs(const char *text, void *file) { return fputs(text, stream(file)); }
int Getc(void *file) { return getc(stream(file)); }
int Ungetc(int character, void *file) { return ungetc(character, stream(file)); }
wint_t Fputwc(wchar_t character, void *file) { return fputwc(character, stream(file)); }
wint_t Getwc(void *file) { return getwc(stream(file)); }
wint_t Ungetwc(wint_t character, void *file) { return ungetwc(character, stream(file)); }

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
char *__gnu_strerror_r(int number, char *text, size_t size) { return strerror_r(number, text, size); }

/* It leaves its argument alone there. */
char *Dirname(const char *path) {
    static __thread char copy[PATH_MAX];
    strncpy(copy, path, sizeof copy - 1);
    return dirname(copy);
}

/* Other numbers for what is asked, and for kinds of files. Nobody asks for anything but the longest path, or walks a tree to run a model. */
long Pathconf(const char *path, int name) { (void)path; (void)name; return PATH_MAX; }
int Nftw(const char *path, void *visit, int depth, int flags) {
    (void)path; (void)visit; (void)depth; (void)flags;
    errno = ENOSYS;
    return -1;
}

/* Sets of signals have 8 bytes there, 128 here. */
int Sigfillset(uint64_t *set) { *set = UINT64_MAX; return 0; }
int Pthread_sigmask(int how, const uint64_t *set, uint64_t *old) {
    sigset_t now, before;
    sigemptyset(&now);
    if (set) memcpy(&now, set, sizeof *set);
    int failed = pthread_sigmask(how, set ? &now : NULL, &before);
    if (!failed && old) memcpy(old, &before, sizeof *old);
    return failed;
}

/* 40 bytes there on every processor; glibc clears 48 on ARM. All zeros is an ordinary mutex in both. */
int Pthread_mutex_init(void *mutex, const void *attributes) {
#ifdef __x86_64__
    return pthread_mutex_init(mutex, attributes);
#else
    if (attributes) return EINVAL;
    memset(mutex, 0, 40);
    return 0;
#endif
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
