#ifndef CONNXRUNTIME_H
#define CONNXRUNTIME_H

// The part of ONNX Runtime's C interface that Apus uses, by slot number.
//
// The library's table of functions only ever grows at its end, so a slot number means the same function in every
// version that has it. Every function below calls one slot; the comment at its end is that slot's number. Slot 252,
// the highest, came with version 15 of the interface.

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// The version of the interface that has all slots used here; it came with ONNX Runtime 1.15.
enum { CONNXRuntime_apiVersion = 15 };

// Numbers of the library's enumerations.
enum {
    CONNXRuntime_codeFail = 1,
    CONNXRuntime_codeInvalidArgument = 2,
    CONNXRuntime_codeNoSuchFile = 3,
    CONNXRuntime_codeNoModel = 4,
    CONNXRuntime_codeEngineError = 5,
    CONNXRuntime_codeRuntimeException = 6,
    CONNXRuntime_codeInvalidProtobuf = 7,
    CONNXRuntime_codeModelLoaded = 8,
    CONNXRuntime_codeNotImplemented = 9,
    CONNXRuntime_codeInvalidGraph = 10,
    CONNXRuntime_codeProviderFailed = 11,
    CONNXRuntime_kindTensor = 1,
    CONNXRuntime_kindSequence = 2,
    CONNXRuntime_kindMap = 3,
    CONNXRuntime_kindOpaque = 4,
    CONNXRuntime_kindSparseTensor = 5,
    CONNXRuntime_kindOptional = 6,
    CONNXRuntime_elementString = 8,
    CONNXRuntime_modeSequential = 0,
    CONNXRuntime_modeParallel = 1,
    CONNXRuntime_arenaAllocator = 1,
    CONNXRuntime_defaultMemory = 0
};

// Things that the library owns; only it knows what they look like.
typedef struct CONNXRuntime_Status CONNXRuntime_Status;
typedef struct CONNXRuntime_Environment CONNXRuntime_Environment;
typedef struct CONNXRuntime_ThreadingOptions CONNXRuntime_ThreadingOptions;
typedef struct CONNXRuntime_SessionOptions CONNXRuntime_SessionOptions;
typedef struct CONNXRuntime_CUDAOptions CONNXRuntime_CUDAOptions;
typedef struct CONNXRuntime_Session CONNXRuntime_Session;
typedef struct CONNXRuntime_RunOptions CONNXRuntime_RunOptions;
typedef struct CONNXRuntime_Value CONNXRuntime_Value;
typedef struct CONNXRuntime_TypeInfo CONNXRuntime_TypeInfo;
typedef struct CONNXRuntime_TensorInfo CONNXRuntime_TensorInfo;
typedef struct CONNXRuntime_MemoryInfo CONNXRuntime_MemoryInfo;
typedef struct CONNXRuntime_Allocator CONNXRuntime_Allocator;
typedef struct CONNXRuntime_ArenaConfiguration CONNXRuntime_ArenaConfiguration;

// What a call returns: nothing when it went well.
typedef CONNXRuntime_Status *_Nullable CONNXRuntime_Result;

// A function of the table, before it is cast to its own type.
typedef void (*CONNXRuntime_Function)(void);

// The table of functions, as far as it is used.
typedef struct CONNXRuntime_Api {
    CONNXRuntime_Function _Nonnull slots[253];
} CONNXRuntime_Api;

// What the library's only symbol, `OrtGetApiBase`, returns.
typedef struct CONNXRuntime_ApiBase {
    const CONNXRuntime_Api *_Nullable (*_Nonnull GetApi)(uint32_t version);
    const char *_Nonnull (*_Nonnull GetVersionString)(void);
} CONNXRuntime_ApiBase;

// Receives the library's log lines, on any thread.
typedef void (*CONNXRuntime_LogFunction)(
    void *_Nullable parameter, int severity, const char *_Nullable category, const char *_Nullable logID,
    const char *_Nullable location, const char *_Nullable message);

// Calls the symbol `OrtGetApiBase`, found by dlsym.
static inline const CONNXRuntime_ApiBase *_Nullable CONNXRuntime_callEntryPoint(void *symbol) {
    typedef const CONNXRuntime_ApiBase *_Nullable (*EntryPoint)(void);
    union {
        void *symbol;
        EntryPoint function;
    } entry = {symbol};
    return entry.function();
}

// The table of functions, or nothing when the library is older.
static inline const CONNXRuntime_Api *_Nullable CONNXRuntime_makeApi(const CONNXRuntime_ApiBase *base) {
    return base->GetApi(CONNXRuntime_apiVersion);
}

// The library's version, for example `1.31.1`.
static inline const char *CONNXRuntime_versionString(const CONNXRuntime_ApiBase *base) {
    return base->GetVersionString();
}

// MARK: Status

static inline int CONNXRuntime_statusCode(const CONNXRuntime_Api *api, const CONNXRuntime_Status *status) {
    typedef int (*Function)(const CONNXRuntime_Status *);
    return ((Function)api->slots[1])(status);  // GetErrorCode
}

static inline const char *CONNXRuntime_statusMessage(
    const CONNXRuntime_Api *api, const CONNXRuntime_Status *status) {
    typedef const char *(*Function)(const CONNXRuntime_Status *);
    return ((Function)api->slots[2])(status);  // GetErrorMessage
}

static inline void CONNXRuntime_releaseStatus(const CONNXRuntime_Api *api, CONNXRuntime_Status *status) {
    typedef void (*Function)(CONNXRuntime_Status *);
    ((Function)api->slots[93])(status);  // ReleaseStatus
}

// MARK: Environment

static inline CONNXRuntime_Result CONNXRuntime_createThreadingOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_ThreadingOptions *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_ThreadingOptions *_Nullable *_Nonnull);
    return ((Function)api->slots[121])(out);  // CreateThreadingOptions
}

static inline CONNXRuntime_Result CONNXRuntime_setGlobalIntraOpThreads(
    const CONNXRuntime_Api *api, CONNXRuntime_ThreadingOptions *options, int count) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_ThreadingOptions *, int);
    return ((Function)api->slots[147])(options, count);  // SetGlobalIntraOpNumThreads
}

static inline CONNXRuntime_Result CONNXRuntime_setGlobalInterOpThreads(
    const CONNXRuntime_Api *api, CONNXRuntime_ThreadingOptions *options, int count) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_ThreadingOptions *, int);
    return ((Function)api->slots[148])(options, count);  // SetGlobalInterOpNumThreads
}

static inline CONNXRuntime_Result CONNXRuntime_setGlobalSpinning(
    const CONNXRuntime_Api *api, CONNXRuntime_ThreadingOptions *options, int isOn) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_ThreadingOptions *, int);
    return ((Function)api->slots[149])(options, isOn);  // SetGlobalSpinControl
}

static inline void CONNXRuntime_releaseThreadingOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_ThreadingOptions *options) {
    typedef void (*Function)(CONNXRuntime_ThreadingOptions *);
    ((Function)api->slots[122])(options);  // ReleaseThreadingOptions
}

static inline CONNXRuntime_Result CONNXRuntime_createEnvironment(
    const CONNXRuntime_Api *api, CONNXRuntime_LogFunction log, void *_Nullable logParameter, int severity,
    const char *name, const CONNXRuntime_ThreadingOptions *threading,
    CONNXRuntime_Environment *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        CONNXRuntime_LogFunction, void *_Nullable, int, const char *, const CONNXRuntime_ThreadingOptions *,
        CONNXRuntime_Environment *_Nullable *_Nonnull);
    // CreateEnvWithCustomLoggerAndGlobalThreadPools
    return ((Function)api->slots[151])(log, logParameter, severity, name, threading, out);
}

static inline void CONNXRuntime_releaseEnvironment(
    const CONNXRuntime_Api *api, CONNXRuntime_Environment *environment) {
    typedef void (*Function)(CONNXRuntime_Environment *);
    ((Function)api->slots[92])(environment);  // ReleaseEnv
}

static inline CONNXRuntime_Result CONNXRuntime_listProviders(
    const CONNXRuntime_Api *api, char *_Nullable *_Nullable *_Nonnull names, int *count) {
    typedef CONNXRuntime_Result (*Function)(char *_Nullable *_Nullable *_Nonnull, int *);
    return ((Function)api->slots[125])(names, count);  // GetAvailableProviders
}

static inline CONNXRuntime_Result CONNXRuntime_releaseProviders(
    const CONNXRuntime_Api *api, char *_Nullable *_Nonnull names, int count) {
    typedef CONNXRuntime_Result (*Function)(char *_Nullable *_Nonnull, int);
    return ((Function)api->slots[126])(names, count);  // ReleaseAvailableProviders
}

// MARK: Memory

static inline CONNXRuntime_Result CONNXRuntime_createCPUMemoryInfo(
    const CONNXRuntime_Api *api, int allocatorType, int memoryType,
    CONNXRuntime_MemoryInfo *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(int, int, CONNXRuntime_MemoryInfo *_Nullable *_Nonnull);
    return ((Function)api->slots[69])(allocatorType, memoryType, out);  // CreateCpuMemoryInfo
}

static inline void CONNXRuntime_releaseMemoryInfo(const CONNXRuntime_Api *api, CONNXRuntime_MemoryInfo *info) {
    typedef void (*Function)(CONNXRuntime_MemoryInfo *);
    ((Function)api->slots[94])(info);  // ReleaseMemoryInfo
}

static inline CONNXRuntime_Result CONNXRuntime_defaultAllocator(
    const CONNXRuntime_Api *api, CONNXRuntime_Allocator *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_Allocator *_Nullable *_Nonnull);
    return ((Function)api->slots[78])(out);  // GetAllocatorWithDefaultOptions
}

static inline CONNXRuntime_Result CONNXRuntime_free(
    const CONNXRuntime_Api *api, CONNXRuntime_Allocator *allocator, void *memory) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_Allocator *, void *);
    return ((Function)api->slots[76])(allocator, memory);  // AllocatorFree
}

static inline CONNXRuntime_Result CONNXRuntime_registerSharedAllocator(
    const CONNXRuntime_Api *api, CONNXRuntime_Environment *environment, const CONNXRuntime_MemoryInfo *info,
    const CONNXRuntime_ArenaConfiguration *_Nullable configuration) {
    typedef CONNXRuntime_Result (*Function)(
        CONNXRuntime_Environment *, const CONNXRuntime_MemoryInfo *,
        const CONNXRuntime_ArenaConfiguration *_Nullable);
    return ((Function)api->slots[144])(environment, info, configuration);  // CreateAndRegisterAllocator
}

// MARK: Session options

static inline CONNXRuntime_Result CONNXRuntime_createSessionOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *_Nullable *_Nonnull);
    return ((Function)api->slots[10])(out);  // CreateSessionOptions
}

static inline void CONNXRuntime_releaseSessionOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options) {
    typedef void (*Function)(CONNXRuntime_SessionOptions *);
    ((Function)api->slots[100])(options);  // ReleaseSessionOptions
}

static inline CONNXRuntime_Result CONNXRuntime_setExecutionMode(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options, int mode) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *, int);
    return ((Function)api->slots[13])(options, mode);  // SetSessionExecutionMode
}

static inline CONNXRuntime_Result CONNXRuntime_enableMemoryPattern(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *);
    return ((Function)api->slots[16])(options);  // EnableMemPattern
}

static inline CONNXRuntime_Result CONNXRuntime_disableMemoryPattern(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *);
    return ((Function)api->slots[17])(options);  // DisableMemPattern
}

static inline CONNXRuntime_Result CONNXRuntime_enableArena(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *);
    return ((Function)api->slots[18])(options);  // EnableCpuMemArena
}

static inline CONNXRuntime_Result CONNXRuntime_disableArena(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *);
    return ((Function)api->slots[19])(options);  // DisableCpuMemArena
}

static inline CONNXRuntime_Result CONNXRuntime_setLogID(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options, const char *name) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *, const char *);
    return ((Function)api->slots[20])(options, name);  // SetSessionLogId
}

static inline CONNXRuntime_Result CONNXRuntime_setIntraOpThreads(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options, int count) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *, int);
    return ((Function)api->slots[24])(options, count);  // SetIntraOpNumThreads
}

static inline CONNXRuntime_Result CONNXRuntime_setInterOpThreads(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options, int count) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *, int);
    return ((Function)api->slots[25])(options, count);  // SetInterOpNumThreads
}

static inline CONNXRuntime_Result CONNXRuntime_shareGlobalThreads(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *);
    return ((Function)api->slots[120])(options);  // DisablePerSessionThreads
}

static inline CONNXRuntime_Result CONNXRuntime_addConfigurationEntry(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options, const char *key, const char *value) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *, const char *, const char *);
    return ((Function)api->slots[130])(options, key, value);  // AddSessionConfigEntry
}

static inline CONNXRuntime_Result CONNXRuntime_appendProvider(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options, const char *name,
    const char *_Nullable const *_Nullable keys, const char *_Nullable const *_Nullable values, size_t count) {
    typedef CONNXRuntime_Result (*Function)(
        CONNXRuntime_SessionOptions *, const char *, const char *_Nullable const *_Nullable,
        const char *_Nullable const *_Nullable, size_t);
    return ((Function)api->slots[216])(options, name, keys, values, count);  // SessionOptionsAppendExecutionProvider
}

static inline CONNXRuntime_Result CONNXRuntime_createCUDAOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_CUDAOptions *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_CUDAOptions *_Nullable *_Nonnull);
    return ((Function)api->slots[205])(out);  // CreateCUDAProviderOptions
}

static inline CONNXRuntime_Result CONNXRuntime_updateCUDAOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_CUDAOptions *options, const char *_Nullable const *_Nullable keys,
    const char *_Nullable const *_Nullable values, size_t count) {
    typedef CONNXRuntime_Result (*Function)(
        CONNXRuntime_CUDAOptions *, const char *_Nullable const *_Nullable, const char *_Nullable const *_Nullable,
        size_t);
    return ((Function)api->slots[206])(options, keys, values, count);  // UpdateCUDAProviderOptions
}

static inline CONNXRuntime_Result CONNXRuntime_appendCUDA(
    const CONNXRuntime_Api *api, CONNXRuntime_SessionOptions *options, const CONNXRuntime_CUDAOptions *cuda) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_SessionOptions *, const CONNXRuntime_CUDAOptions *);
    return ((Function)api->slots[204])(options, cuda);  // SessionOptionsAppendExecutionProvider_CUDA_V2
}

static inline void CONNXRuntime_releaseCUDAOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_CUDAOptions *options) {
    typedef void (*Function)(CONNXRuntime_CUDAOptions *);
    ((Function)api->slots[208])(options);  // ReleaseCUDAProviderOptions
}

// MARK: Session

static inline CONNXRuntime_Result CONNXRuntime_createSession(
    const CONNXRuntime_Api *api, const CONNXRuntime_Environment *environment, const char *path,
    const CONNXRuntime_SessionOptions *options, CONNXRuntime_Session *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Environment *, const char *, const CONNXRuntime_SessionOptions *,
        CONNXRuntime_Session *_Nullable *_Nonnull);
    return ((Function)api->slots[7])(environment, path, options, out);  // CreateSession
}

static inline CONNXRuntime_Result CONNXRuntime_createSessionFromBytes(
    const CONNXRuntime_Api *api, const CONNXRuntime_Environment *environment, const void *bytes, size_t byteCount,
    const CONNXRuntime_SessionOptions *options, CONNXRuntime_Session *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Environment *, const void *, size_t, const CONNXRuntime_SessionOptions *,
        CONNXRuntime_Session *_Nullable *_Nonnull);
    return ((Function)api->slots[8])(environment, bytes, byteCount, options, out);  // CreateSessionFromArray
}

static inline void CONNXRuntime_releaseSession(const CONNXRuntime_Api *api, CONNXRuntime_Session *session) {
    typedef void (*Function)(CONNXRuntime_Session *);
    ((Function)api->slots[95])(session);  // ReleaseSession
}

static inline CONNXRuntime_Result CONNXRuntime_inputCount(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t *out) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_Session *, size_t *);
    return ((Function)api->slots[30])(session, out);  // SessionGetInputCount
}

static inline CONNXRuntime_Result CONNXRuntime_outputCount(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t *out) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_Session *, size_t *);
    return ((Function)api->slots[31])(session, out);  // SessionGetOutputCount
}

static inline CONNXRuntime_Result CONNXRuntime_overridableInitializerCount(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t *out) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_Session *, size_t *);
    return ((Function)api->slots[32])(session, out);  // SessionGetOverridableInitializerCount
}

static inline CONNXRuntime_Result CONNXRuntime_inputTypeInfo(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t index,
    CONNXRuntime_TypeInfo *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Session *, size_t, CONNXRuntime_TypeInfo *_Nullable *_Nonnull);
    return ((Function)api->slots[33])(session, index, out);  // SessionGetInputTypeInfo
}

static inline CONNXRuntime_Result CONNXRuntime_outputTypeInfo(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t index,
    CONNXRuntime_TypeInfo *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Session *, size_t, CONNXRuntime_TypeInfo *_Nullable *_Nonnull);
    return ((Function)api->slots[34])(session, index, out);  // SessionGetOutputTypeInfo
}

static inline CONNXRuntime_Result CONNXRuntime_overridableInitializerTypeInfo(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t index,
    CONNXRuntime_TypeInfo *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Session *, size_t, CONNXRuntime_TypeInfo *_Nullable *_Nonnull);
    return ((Function)api->slots[35])(session, index, out);  // SessionGetOverridableInitializerTypeInfo
}

static inline CONNXRuntime_Result CONNXRuntime_inputName(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t index,
    CONNXRuntime_Allocator *allocator, char *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Session *, size_t, CONNXRuntime_Allocator *, char *_Nullable *_Nonnull);
    return ((Function)api->slots[36])(session, index, allocator, out);  // SessionGetInputName
}

static inline CONNXRuntime_Result CONNXRuntime_outputName(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t index,
    CONNXRuntime_Allocator *allocator, char *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Session *, size_t, CONNXRuntime_Allocator *, char *_Nullable *_Nonnull);
    return ((Function)api->slots[37])(session, index, allocator, out);  // SessionGetOutputName
}

static inline CONNXRuntime_Result CONNXRuntime_overridableInitializerName(
    const CONNXRuntime_Api *api, const CONNXRuntime_Session *session, size_t index,
    CONNXRuntime_Allocator *allocator, char *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Session *, size_t, CONNXRuntime_Allocator *, char *_Nullable *_Nonnull);
    return ((Function)api->slots[38])(session, index, allocator, out);  // SessionGetOverridableInitializerName
}

// MARK: Types

static inline CONNXRuntime_Result CONNXRuntime_kind(
    const CONNXRuntime_Api *api, const CONNXRuntime_TypeInfo *info, int *out) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_TypeInfo *, int *);
    return ((Function)api->slots[56])(info, out);  // GetOnnxTypeFromTypeInfo
}

static inline CONNXRuntime_Result CONNXRuntime_tensorInfo(
    const CONNXRuntime_Api *api, const CONNXRuntime_TypeInfo *info,
    const CONNXRuntime_TensorInfo *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_TypeInfo *, const CONNXRuntime_TensorInfo *_Nullable *_Nonnull);
    return ((Function)api->slots[55])(info, out);  // CastTypeInfoToTensorInfo: borrowed from `info`
}

static inline void CONNXRuntime_releaseTypeInfo(const CONNXRuntime_Api *api, CONNXRuntime_TypeInfo *info) {
    typedef void (*Function)(CONNXRuntime_TypeInfo *);
    ((Function)api->slots[98])(info);  // ReleaseTypeInfo
}

static inline CONNXRuntime_Result CONNXRuntime_elementType(
    const CONNXRuntime_Api *api, const CONNXRuntime_TensorInfo *info, int *out) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_TensorInfo *, int *);
    return ((Function)api->slots[60])(info, out);  // GetTensorElementType
}

static inline CONNXRuntime_Result CONNXRuntime_rank(
    const CONNXRuntime_Api *api, const CONNXRuntime_TensorInfo *info, size_t *out) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_TensorInfo *, size_t *);
    return ((Function)api->slots[61])(info, out);  // GetDimensionsCount
}

static inline CONNXRuntime_Result CONNXRuntime_dimensions(
    const CONNXRuntime_Api *api, const CONNXRuntime_TensorInfo *info, int64_t *out, size_t count) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_TensorInfo *, int64_t *, size_t);
    return ((Function)api->slots[62])(info, out, count);  // GetDimensions
}

static inline void CONNXRuntime_releaseTensorInfo(const CONNXRuntime_Api *api, CONNXRuntime_TensorInfo *info) {
    typedef void (*Function)(CONNXRuntime_TensorInfo *);
    ((Function)api->slots[99])(info);  // ReleaseTensorTypeAndShapeInfo
}

// MARK: Values

static inline CONNXRuntime_Result CONNXRuntime_createValue(
    const CONNXRuntime_Api *api, CONNXRuntime_Allocator *allocator, const int64_t *_Nullable dimensions, size_t rank,
    int elementType, CONNXRuntime_Value *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        CONNXRuntime_Allocator *, const int64_t *_Nullable, size_t, int, CONNXRuntime_Value *_Nullable *_Nonnull);
    return ((Function)api->slots[48])(allocator, dimensions, rank, elementType, out);  // CreateTensorAsOrtValue
}

static inline CONNXRuntime_Result CONNXRuntime_wrapMemory(
    const CONNXRuntime_Api *api, const CONNXRuntime_MemoryInfo *info, void *memory, size_t byteCount,
    const int64_t *_Nullable dimensions, size_t rank, int elementType, CONNXRuntime_Value *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_MemoryInfo *, void *, size_t, const int64_t *_Nullable, size_t, int,
        CONNXRuntime_Value *_Nullable *_Nonnull);
    // CreateTensorWithDataAsOrtValue
    return ((Function)api->slots[49])(info, memory, byteCount, dimensions, rank, elementType, out);
}

static inline CONNXRuntime_Result CONNXRuntime_tensorMemory(
    const CONNXRuntime_Api *api, CONNXRuntime_Value *value, void *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_Value *, void *_Nullable *_Nonnull);
    return ((Function)api->slots[51])(value, out);  // GetTensorMutableData
}

static inline CONNXRuntime_Result CONNXRuntime_valueTensorInfo(
    const CONNXRuntime_Api *api, const CONNXRuntime_Value *value,
    CONNXRuntime_TensorInfo *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(
        const CONNXRuntime_Value *, CONNXRuntime_TensorInfo *_Nullable *_Nonnull);
    return ((Function)api->slots[65])(value, out);  // GetTensorTypeAndShape: owned by the caller
}

static inline CONNXRuntime_Result CONNXRuntime_resizeString(
    const CONNXRuntime_Api *api, CONNXRuntime_Value *value, size_t index, size_t byteCount,
    char *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_Value *, size_t, size_t, char *_Nullable *_Nonnull);
    return ((Function)api->slots[252])(value, index, byteCount, out);  // GetResizedStringTensorElementBuffer
}

static inline CONNXRuntime_Result CONNXRuntime_stringsByteCount(
    const CONNXRuntime_Api *api, const CONNXRuntime_Value *value, size_t *out) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_Value *, size_t *);
    return ((Function)api->slots[53])(value, out);  // GetStringTensorDataLength
}

static inline CONNXRuntime_Result CONNXRuntime_copyStrings(
    const CONNXRuntime_Api *api, const CONNXRuntime_Value *value, void *bytes, size_t byteCount, size_t *offsets,
    size_t offsetCount) {
    typedef CONNXRuntime_Result (*Function)(const CONNXRuntime_Value *, void *, size_t, size_t *, size_t);
    return ((Function)api->slots[54])(value, bytes, byteCount, offsets, offsetCount);  // GetStringTensorContent
}

static inline void CONNXRuntime_releaseValue(const CONNXRuntime_Api *api, CONNXRuntime_Value *value) {
    typedef void (*Function)(CONNXRuntime_Value *);
    ((Function)api->slots[96])(value);  // ReleaseValue
}

// MARK: Runs

static inline CONNXRuntime_Result CONNXRuntime_createRunOptions(
    const CONNXRuntime_Api *api, CONNXRuntime_RunOptions *_Nullable *_Nonnull out) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_RunOptions *_Nullable *_Nonnull);
    return ((Function)api->slots[39])(out);  // CreateRunOptions
}

static inline CONNXRuntime_Result CONNXRuntime_setRunTag(
    const CONNXRuntime_Api *api, CONNXRuntime_RunOptions *options, const char *tag) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_RunOptions *, const char *);
    return ((Function)api->slots[42])(options, tag);  // RunOptionsSetRunTag
}

static inline CONNXRuntime_Result CONNXRuntime_setTerminate(
    const CONNXRuntime_Api *api, CONNXRuntime_RunOptions *options) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_RunOptions *);
    return ((Function)api->slots[46])(options);  // RunOptionsSetTerminate
}

static inline CONNXRuntime_Result CONNXRuntime_unsetTerminate(
    const CONNXRuntime_Api *api, CONNXRuntime_RunOptions *options) {
    typedef CONNXRuntime_Result (*Function)(CONNXRuntime_RunOptions *);
    return ((Function)api->slots[47])(options);  // RunOptionsUnsetTerminate
}

static inline void CONNXRuntime_releaseRunOptions(const CONNXRuntime_Api *api, CONNXRuntime_RunOptions *options) {
    typedef void (*Function)(CONNXRuntime_RunOptions *);
    ((Function)api->slots[97])(options);  // ReleaseRunOptions
}

static inline CONNXRuntime_Result CONNXRuntime_run(
    const CONNXRuntime_Api *api, CONNXRuntime_Session *session, const CONNXRuntime_RunOptions *options,
    const char *_Nullable const *_Nonnull inputNames, CONNXRuntime_Value *_Nullable const *_Nonnull inputs,
    size_t inputCount, const char *_Nullable const *_Nonnull outputNames, size_t outputCount,
    CONNXRuntime_Value *_Nullable *_Nonnull outputs) {
    typedef CONNXRuntime_Result (*Function)(
        CONNXRuntime_Session *, const CONNXRuntime_RunOptions *, const char *_Nullable const *_Nonnull,
        CONNXRuntime_Value *_Nullable const *_Nonnull, size_t, const char *_Nullable const *_Nonnull, size_t,
        CONNXRuntime_Value *_Nullable *_Nonnull);
    // Run
    return ((Function)api->slots[9])(
        session, options, inputNames, inputs, inputCount, outputNames, outputCount, outputs);
}

#pragma clang assume_nonnull end

#endif
