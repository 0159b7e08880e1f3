#ifndef CSPNG_H
#define CSPNG_H

// The part of libspng's C interface (0.7) that Apus uses, looked up when it is first needed: nothing links the library and
// none of its headers is needed.

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang assume_nonnull begin

/// Gives the library bytes of the file; returns 0, or the library's code for the end of the file.
typedef int (*CSPNG_Read)(void *context, void *user, void *target, size_t count);

/// The library's functions, under their names without the prefix `spng_`, for any thread: constant
/// once they are found.
struct __attribute__((swift_attr("@Sendable"))) CSPNG_Library {
    void *_Nullable (*_Nullable ctx_new)(int flags);
    void (*_Nullable ctx_free)(void *context);
    int (*_Nullable set_image_limits)(void *context, uint32_t width, uint32_t height);
    int (*_Nullable set_png_stream)(void *context, CSPNG_Read read, void *user);
    int (*_Nullable decoded_image_size)(void *context, int format, size_t *count);
    int (*_Nullable decode_image)(void *context, void *pixels, size_t count, int format, int flags);
    const char *_Nullable (*_Nullable strerror)(int code);
};

/// Loads the library; false when it isn't there or lacks a function. It is never unloaded.
static inline bool CSPNG_open(const char *name, struct CSPNG_Library *library) {
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) return false;
    *(void **)&library->ctx_new = dlsym(handle, "spng_ctx_new");
    *(void **)&library->ctx_free = dlsym(handle, "spng_ctx_free");
    *(void **)&library->set_image_limits = dlsym(handle, "spng_set_image_limits");
    *(void **)&library->set_png_stream = dlsym(handle, "spng_set_png_stream");
    *(void **)&library->decoded_image_size = dlsym(handle, "spng_decoded_image_size");
    *(void **)&library->decode_image = dlsym(handle, "spng_decode_image");
    *(void **)&library->strerror = dlsym(handle, "spng_strerror");
    if (library->ctx_new && library->ctx_free && library->set_image_limits && library->set_png_stream &&
        library->decoded_image_size && library->decode_image && library->strerror)
        return true;
    dlclose(handle);
    return false;
}

/// Numbers of the library's enumerations.
enum {
    CSPNG_formatRGB8 = 4,
    CSPNG_formatG8 = 64,
    CSPNG_endOfFile = -1,
    CSPNG_noMemory = 2,
    CSPNG_badSize = 66,
};

/// A part of a file.
struct CSPNG_Range {
    size_t offset;
    size_t count;
};

/// The parts of a file that the library gets to read, and how far it is.
struct CSPNG_Source {
    const uint8_t *file;
    const struct CSPNG_Range *ranges;
    size_t rangeCount;
    size_t index;
    size_t offset;
};

static inline int CSPNG_read(void *context, void *user, void *target, size_t count) {
    struct CSPNG_Source *source = (struct CSPNG_Source *)user;
    while (count > 0) {
        if (source->index == source->rangeCount) return CSPNG_endOfFile;
        struct CSPNG_Range range = source->ranges[source->index];
        size_t left = range.count - source->offset;
        size_t step = count < left ? count : left;
        memcpy(target, source->file + range.offset + source->offset, step);
        target = (uint8_t *)target + step;
        count -= step;
        source->offset += step;
        if (source->offset == range.count) {
            source->index += 1;
            source->offset = 0;
        }
    }
    return 0;
}

/// Decodes parts of a file, put together, into rows without padding.
///
/// - `pixels`: `count` bytes, which must be what the picture has as grey or RGB of 8 bits.
///
/// Returns 0 or the library's code.
static inline int CSPNG_decode(
    struct CSPNG_Library library, const uint8_t *file, const struct CSPNG_Range *ranges, size_t rangeCount,
    uint32_t width, uint32_t height, bool isGrey, uint8_t *pixels, size_t count) {
    void *context = library.ctx_new(0);
    if (context == NULL) return CSPNG_noMemory;
    struct CSPNG_Source source = {file, ranges, rangeCount, 0, 0};
    int format = isGrey ? CSPNG_formatG8 : CSPNG_formatRGB8;
    size_t needed = 0;
    int code = library.set_image_limits(context, width, height);
    if (code == 0) code = library.set_png_stream(context, CSPNG_read, &source);
    if (code == 0) code = library.decoded_image_size(context, format, &needed);
    if (code == 0 && needed != count) code = CSPNG_badSize;
    if (code == 0) code = library.decode_image(context, pixels, count, format, 0);
    library.ctx_free(context);
    return code;
}

/// The library's words for a code.
static inline const char *_Nullable CSPNG_words(struct CSPNG_Library library, int code) {
    return library.strerror(code);
}

#pragma clang assume_nonnull end

#endif
