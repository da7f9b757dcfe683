/*
 * TensorFlow Lite by its C interface: answer MODEL THREADS xnnpack|plain INPUTS OUTPUTS. INPUTS holds input tensors one after
 * the other, OUTPUTS gets their output tensors. Prints version, type and bytes of input and output. The Java interface takes
 * XNNPACK by itself, the C interface is told to.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From tensorflow/lite/c/c_api.h, which the AAR holds without the files that it includes. */
typedef struct TfLiteModel TfLiteModel;
typedef struct TfLiteInterpreter TfLiteInterpreter;
typedef struct TfLiteInterpreterOptions TfLiteInterpreterOptions;
typedef struct TfLiteTensor TfLiteTensor;
typedef struct TfLiteDelegate TfLiteDelegate;
const char *TfLiteVersion(void);
TfLiteModel *TfLiteModelCreate(const void *data, size_t size);
void TfLiteModelDelete(TfLiteModel *);
TfLiteInterpreterOptions *TfLiteInterpreterOptionsCreate(void);
void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions *, int32_t threads);
void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions *);
TfLiteInterpreter *TfLiteInterpreterCreate(const TfLiteModel *, const TfLiteInterpreterOptions *);
void TfLiteInterpreterDelete(TfLiteInterpreter *);
int TfLiteInterpreterModifyGraphWithDelegate(const TfLiteInterpreter *, TfLiteDelegate *);
int TfLiteInterpreterAllocateTensors(TfLiteInterpreter *);
int TfLiteInterpreterInvoke(TfLiteInterpreter *);
TfLiteTensor *TfLiteInterpreterGetInputTensor(const TfLiteInterpreter *, int32_t index);
const TfLiteTensor *TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter *, int32_t index);
int TfLiteTensorType(const TfLiteTensor *);
const char *TfLiteTypeGetName(int type);
size_t TfLiteTensorByteSize(const TfLiteTensor *);
void *TfLiteTensorData(const TfLiteTensor *);
/* From its delegates/xnnpack/xnnpack_delegate.h; the rest is as it defaults. */
typedef struct { int32_t threads; char rest[124]; } XnnpackOptions;
XnnpackOptions TfLiteXNNPackDelegateOptionsDefault(void);
TfLiteDelegate *TfLiteXNNPackDelegateCreate(const XnnpackOptions *);
void TfLiteXNNPackDelegateDelete(TfLiteDelegate *);

/* First in the executable: Android's code reads its stack guard 40 bytes into the thread's data, and here nobody writes there. */
__thread char stack_guard[64] = {1};

static void need(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

static uint32_t read32(const uint8_t *at) { uint32_t value; memcpy(&value, at, 4); return value; }
static uint64_t read64(const uint8_t *at) { uint64_t value; memcpy(&value, at, 8); return value; }
static void write32(uint8_t *at, uint32_t value) { memcpy(at, &value, 4); }

/* Where a field of a flatbuffer's table lies; 0: it has none. */
static size_t field(const uint8_t *file, size_t table, int index) {
    size_t names = table - (int32_t)read32(file + table);
    uint16_t size, offset = 0;
    memcpy(&size, file + names, 2);
    if (4 + 2 * index < size) memcpy(&offset, file + names + 4 + 2 * index, 2);
    return offset ? table + offset : 0;
}

/* Appends a table of schema.fbs's Buffer that holds the bytes; returns where it lies. */
static size_t append_buffer(uint8_t *file, size_t *end, const uint8_t *bytes, uint64_t count) {
    size_t start = (*end + 15) & ~(size_t)15;
    static const uint16_t names[] = {6, 8, 4, 0};
    memcpy(file + start, names, 8);
    write32(file + start + 8, 8);
    write32(file + start + 12, 16);
    write32(file + start + 28, (uint32_t)count);
    memcpy(file + start + 32, bytes, count);
    *end = start + 32 + count;
    return start + 8;
}

/*
 * Converters put large weights behind the flatbuffer, where the Java interface finds them and the C interface of this release does not
 * ("Input tensor 12 lacks data"): here they get tables of their own inside. The numbers are the same.
 */
static size_t take_weights_in(uint8_t *file, size_t size) {
    size_t end = size, list = field(file, read32(file), 4);
    if (!list) return size;
    list += read32(file + list);
    for (uint32_t index = 0; index < read32(file + list); index++) {
        uint8_t *entry = file + list + 4 + 4 * index;
        size_t table = entry - file + read32(entry), at = field(file, table, 1), count = field(file, table, 2);
        if (!at || !count || read64(file + at) < 2) continue;
        need(read64(file + at) + read64(file + count) <= size, "the model is cut off");
        write32(entry, (uint32_t)(append_buffer(file, &end, file + read64(file + at), read64(file + count)) - (entry - file)));
    }
    return end;
}

static TfLiteModel *read_model(const char *path) {
    FILE *stream = fopen(path, "rb");
    need(stream && !fseek(stream, 0, SEEK_END), "the model cannot be opened");
    size_t size = (size_t)ftell(stream);
    /* Room for all weights once more and a table for each. */
    uint8_t *file = aligned_alloc(64, ((2 * size + 4096 * 64) / 64 + 1) * 64);
    rewind(stream);
    need(file && fread(file, 1, size, stream) == size && !fclose(stream), "the model cannot be read");
    return TfLiteModelCreate(file, take_weights_in(file, size));
}

static TfLiteDelegate *xnnpack(int threads) {
    XnnpackOptions options = TfLiteXNNPackDelegateOptionsDefault();
    options.threads = threads;
    TfLiteDelegate *delegate = TfLiteXNNPackDelegateCreate(&options);
    need(delegate != NULL, "XNNPACK does not start on this processor");
    return delegate;
}

static void answer(TfLiteInterpreter *interpreter, const char *from, const char *to) {
    TfLiteTensor *input = TfLiteInterpreterGetInputTensor(interpreter, 0);
    const TfLiteTensor *output = TfLiteInterpreterGetOutputTensor(interpreter, 0);
    size_t taken = TfLiteTensorByteSize(input), given = TfLiteTensorByteSize(output);
    printf("%s %s %zu %s %zu\n", TfLiteVersion(), TfLiteTypeGetName(TfLiteTensorType(input)), taken,
           TfLiteTypeGetName(TfLiteTensorType(output)), given);
    FILE *inputs = fopen(from, "rb"), *outputs = fopen(to, "wb");
    need(inputs && outputs, "a file cannot be opened");
    while (fread(TfLiteTensorData(input), 1, taken, inputs) == taken) {
        need(TfLiteInterpreterInvoke(interpreter) == 0, "the model does not run");
        need(fwrite(TfLiteTensorData(output), 1, given, outputs) == given, "an answer cannot be written");
    }
    need(!fclose(inputs) && !fclose(outputs), "the answers cannot be written");
}

int main(int count, char **words) {
    need(count == 6, "usage: answer MODEL THREADS xnnpack|plain INPUTS OUTPUTS");
    TfLiteModel *model = read_model(words[1]);
    need(model != NULL, "this is no model");
    int threads = atoi(words[2]);
    TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetNumThreads(options, threads);
    TfLiteDelegate *delegate = strcmp(words[3], "xnnpack") ? NULL : xnnpack(threads);
    TfLiteInterpreter *interpreter = TfLiteInterpreterCreate(model, options);
    need(interpreter && TfLiteInterpreterAllocateTensors(interpreter) == 0, "no interpreter for this model");
    need(!delegate || TfLiteInterpreterModifyGraphWithDelegate(interpreter, delegate) == 0, "XNNPACK refuses this model");
    answer(interpreter, words[4], words[5]);
    TfLiteInterpreterDelete(interpreter);
    if (delegate) TfLiteXNNPackDelegateDelete(delegate);
    TfLiteInterpreterOptionsDelete(options);
    TfLiteModelDelete(model);
    stack_guard[0] = 0;
    return 0;
}
