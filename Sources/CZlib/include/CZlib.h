#ifndef CZLIB_H
#define CZLIB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

/// Starts reading a gzip or zlib stream, whichever it turns out to be. Returns zlib's code.
static inline int CZlib_beginInflate(z_stream *stream) {
    memset(stream, 0, sizeof *stream);
    return inflateInit2(stream, 15 + 32);
}

/// Starts writing a gzip stream, or a zlib stream. Returns zlib's code.
static inline int CZlib_beginDeflate(z_stream *stream, int isGzip) {
    memset(stream, 0, sizeof *stream);
    return deflateInit2(stream, 1, Z_DEFLATED, isGzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY);
}

/// Has the next steps read from memory. Counts are zlib's own 32 bits, so that no longer one is cut off unseen.
static inline void CZlib_setInput(z_stream *stream, const void *input, uint32_t count) {
    stream->next_in = (Bytef *)input;
    stream->avail_in = count;
}

/// Has the next steps write to memory.
static inline void CZlib_setOutput(z_stream *stream, void *output, uint32_t count) {
    stream->next_out = (Bytef *)output;
    stream->avail_out = count;
}

#endif
