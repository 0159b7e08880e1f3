#include <cstdint>
#include <cstring>

#include "include/CSIMDJSON.h"

namespace {

char *writeNull(char *text) {
    std::memcpy(text, "null", 4);
    return text + 4;
}

/// Puts the arrays around the elements.
struct NestedWriter {
    CSIMDJSON_Element element;
    size_t size;
    const char *memory;
    const ptrdiff_t *sizes;
    size_t rank;

    bool isReal() const {
        return element == CSIMDJSON_ELEMENT_FP16 || element == CSIMDJSON_ELEMENT_BF16 ||
               element == CSIMDJSON_ELEMENT_FP32 || element == CSIMDJSON_ELEMENT_FP64;
    }

    /// Whether there is a word among so many elements that JSON has no number for: all bits of the exponent are set.
    bool hasWord(size_t count) const {
        bool has = false;
        for (size_t i = 0; i < count; i++) {
            uint64_t bits = 0;
            std::memcpy(&bits, memory + i * size, size);
            uint64_t mask = element == CSIMDJSON_ELEMENT_FP64   ? 0x7ff0000000000000
                            : element == CSIMDJSON_ELEMENT_FP32 ? 0x7f800000
                            : element == CSIMDJSON_ELEMENT_BF16 ? 0x7f80
                                                                : 0x7c00;
            has |= (bits & mask) == mask;
        }
        return has;
    }

    char *row(size_t count, char *text) {
        if (!isReal() || !hasWord(count)) {
            text += CSIMDJSON_writeNumbers(element, memory, count, text);
            memory += count * size;
            return text;
        }
        for (size_t i = 0; i < count; i++, memory += size) {
            if (i != 0) {
                *text++ = ',';
            }
            text = hasWord(1) ? writeNull(text) : text + CSIMDJSON_writeNumbers(element, memory, 1, text);
        }
        return text;
    }

    char *write(size_t axis, char *text) {
        if (axis == rank) {
            return row(1, text);
        }
        *text++ = '[';
        if (axis + 1 == rank) {
            text = row(static_cast<size_t>(sizes[axis]), text);
        } else {
            for (ptrdiff_t i = 0; i < sizes[axis]; i++) {
                if (i != 0) {
                    *text++ = ',';
                }
                text = write(axis + 1, text);
            }
        }
        *text++ = ']';
        return text;
    }
};

size_t byteSize(CSIMDJSON_Element element) {
    switch (element) {
    case CSIMDJSON_ELEMENT_BOOL:
    case CSIMDJSON_ELEMENT_UINT8:
    case CSIMDJSON_ELEMENT_INT8:
        return 1;
    case CSIMDJSON_ELEMENT_UINT16:
    case CSIMDJSON_ELEMENT_INT16:
    case CSIMDJSON_ELEMENT_FP16:
    case CSIMDJSON_ELEMENT_BF16:
        return 2;
    case CSIMDJSON_ELEMENT_UINT32:
    case CSIMDJSON_ELEMENT_INT32:
    case CSIMDJSON_ELEMENT_FP32:
        return 4;
    case CSIMDJSON_ELEMENT_UINT64:
    case CSIMDJSON_ELEMENT_INT64:
    case CSIMDJSON_ELEMENT_FP64:
        return 8;
    }
    return 8;
}

} // namespace

size_t CSIMDJSON_writeNested(CSIMDJSON_Element element, const void *memory, const ptrdiff_t *sizes, size_t rank,
                             char *text) {
    NestedWriter writer{element, byteSize(element), static_cast<const char *>(memory), sizes, rank};
    return static_cast<size_t>(writer.write(0, text) - text);
}
