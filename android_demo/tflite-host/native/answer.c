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
TfLiteModel *TfLiteModelCreateFromFile(const char *path);
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
    TfLiteModel *model = TfLiteModelCreateFromFile(words[1]);
    need(model != NULL, "the model cannot be read");
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
