#ifndef CTURBOJPEG_H
#define CTURBOJPEG_H

// The part of TurboJPEG's C interface that Apus uses, looked up when it is first needed: nothing links the library and
// none of its headers is needed. `libturbojpeg.so.0` has kept these functions since libjpeg-turbo 1.4, version 3 included.

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#pragma clang assume_nonnull begin

/// The library's functions, under their names without the prefix `tj`, for any thread: constant
/// once they are found.
struct __attribute__((swift_attr("@Sendable"))) CTurboJPEG_Library {
    void *_Nullable (*_Nullable initDecompress)(void);
    int (*_Nullable decompressHeader3)(
        void *handle, const unsigned char *source, unsigned long count, int *width, int *height, int *subsampling,
        int *colorspace);
    int (*_Nullable decompress2)(
        void *handle, const unsigned char *source, unsigned long count, unsigned char *pixels, int width, int pitch,
        int height, int format, int flags);
    char *_Nullable (*_Nullable getErrorStr2)(void *handle);
    int (*_Nullable destroy)(void *handle);
};

/// Loads the library; false when it isn't there or lacks a function. It is never unloaded.
static inline bool CTurboJPEG_open(const char *name, struct CTurboJPEG_Library *library) {
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) return false;
    *(void **)&library->initDecompress = dlsym(handle, "tjInitDecompress");
    *(void **)&library->decompressHeader3 = dlsym(handle, "tjDecompressHeader3");
    *(void **)&library->decompress2 = dlsym(handle, "tjDecompress2");
    *(void **)&library->getErrorStr2 = dlsym(handle, "tjGetErrorStr2");
    *(void **)&library->destroy = dlsym(handle, "tjDestroy");
    if (library->initDecompress && library->decompressHeader3 && library->decompress2 && library->getErrorStr2 &&
        library->destroy)
        return true;
    dlclose(handle);
    return false;
}

/// Numbers of the library's enumerations.
enum {
    CTurboJPEG_formatRGB = 0,
    CTurboJPEG_formatGrey = 6,
    CTurboJPEG_stopOnWarning = 8192,
    CTurboJPEG_limitScans = 32768,
};

/// Decodes a whole file into rows without padding, in a size that the caller has read from its header.
///
/// A file on which the library would only warn, such as one that ends early, is refused.
///
/// - `pixels`: `width * height` bytes, three times as many when it isn't to be grey.
/// - `message`: receives the library's words on failure.
///
/// Returns whether the picture is whole.
static inline bool CTurboJPEG_decode(
    struct CTurboJPEG_Library library, const uint8_t *file, size_t count, uint8_t *pixels, int width, int height,
    bool isGrey, char *message, size_t capacity) {
    void *handle = library.initDecompress();
    if (handle == NULL) {
        snprintf(message, capacity, "no memory for the decoder");
        return false;
    }
    int foundWidth = 0, foundHeight = 0, subsampling = 0, colorspace = 0;
    bool isWhole =
        library.decompressHeader3(handle, file, count, &foundWidth, &foundHeight, &subsampling, &colorspace) == 0;
    if (isWhole && (foundWidth != width || foundHeight != height)) {
        snprintf(message, capacity, "the decoder reads another size in its header");
        library.destroy(handle);
        return false;
    }
    int format = isGrey ? CTurboJPEG_formatGrey : CTurboJPEG_formatRGB;
    int pitch = isGrey ? width : 3 * width;
    isWhole = isWhole && library.decompress2(
                             handle, file, count, pixels, width, pitch, height, format,
                             CTurboJPEG_stopOnWarning | CTurboJPEG_limitScans) == 0;
    if (!isWhole) {
        const char *words = library.getErrorStr2(handle);
        snprintf(message, capacity, "%s", words ? words : "no reason given");
    }
    library.destroy(handle);
    return isWhole;
}

#pragma clang assume_nonnull end

#endif
