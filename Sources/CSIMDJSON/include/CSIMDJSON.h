#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that must be readable behind a document, whatever their value.
#define CSIMDJSON_PADDING 64

/// What went wrong; 0 is success.
typedef enum {
    CSIMDJSON_OK = 0,
    /// The text breaks JSON's grammar.
    CSIMDJSON_SYNTAX,
    /// The text isn't UTF-8.
    CSIMDJSON_UTF8,
    /// Nested deeper than allowed.
    CSIMDJSON_DEPTH,
    /// A value of another type than the one asked for.
    CSIMDJSON_TYPE,
    /// A number that doesn't fit into the type asked for.
    CSIMDJSON_RANGE,
    /// A fraction where an integer was asked for.
    CSIMDJSON_FRACTION,
    /// More elements than there is room for.
    CSIMDJSON_COUNT,
    /// No memory.
    CSIMDJSON_MEMORY,
    /// Arrays of different lengths where a tensor's shape needs equal ones.
    CSIMDJSON_RAGGED,
    /// An object where an element was asked for, and not {"b64": "…"} with base64 in it.
    CSIMDJSON_BASE64,
} CSIMDJSON_Error;

typedef enum {
    CSIMDJSON_OBJECT,
    CSIMDJSON_ARRAY,
    CSIMDJSON_STRING,
    CSIMDJSON_NUMBER,
    CSIMDJSON_BOOL,
    CSIMDJSON_NULL,
    /// No JSON value: a bare word such as NaN.
    CSIMDJSON_OTHER,
} CSIMDJSON_Kind;

/// Element types in tensor memory.
typedef enum {
    CSIMDJSON_ELEMENT_BOOL,
    CSIMDJSON_ELEMENT_UINT8,
    CSIMDJSON_ELEMENT_UINT16,
    CSIMDJSON_ELEMENT_UINT32,
    CSIMDJSON_ELEMENT_UINT64,
    CSIMDJSON_ELEMENT_INT8,
    CSIMDJSON_ELEMENT_INT16,
    CSIMDJSON_ELEMENT_INT32,
    CSIMDJSON_ELEMENT_INT64,
    CSIMDJSON_ELEMENT_FP16,
    CSIMDJSON_ELEMENT_BF16,
    CSIMDJSON_ELEMENT_FP32,
    CSIMDJSON_ELEMENT_FP64,
} CSIMDJSON_Element;

/// A text range that lives until the next document begins.
typedef struct {
    const char *start;
    size_t length;
} CSIMDJSON_Text;

/// A place in a document, moved forward only.
///
/// Every value that is passed over is walked and checked, so that a document that was read to its end is valid JSON
/// (but for the bare words that readNumbers takes).
typedef struct CSIMDJSON_Cursor CSIMDJSON_Cursor;

CSIMDJSON_Cursor *CSIMDJSON_createCursor(size_t maxDepth);
void CSIMDJSON_destroyCursor(CSIMDJSON_Cursor *cursor);

/// Gives back the memory that a large document made the cursor keep.
void CSIMDJSON_trim(CSIMDJSON_Cursor *cursor, size_t keptCapacity);

/// Begins a document whose root must be an object, and enters it. `start` has CSIMDJSON_PADDING readable bytes behind
/// `length`.
CSIMDJSON_Error CSIMDJSON_begin(CSIMDJSON_Cursor *cursor, const char *start, size_t length);
/// Begins a document whose root is an object, which is entered, or an array, which is to be measured and read as a tensor.
CSIMDJSON_Error CSIMDJSON_beginAny(CSIMDJSON_Cursor *cursor, const char *start, size_t length, bool *isArray);
/// Starts the same document again.
CSIMDJSON_Error CSIMDJSON_rewind(CSIMDJSON_Cursor *cursor);
/// Checks that nothing follows the root.
CSIMDJSON_Error CSIMDJSON_end(CSIMDJSON_Cursor *cursor);

/// Moves to the next member of the object entered last; false in `found` at its end, which leaves it.
CSIMDJSON_Error CSIMDJSON_nextMember(CSIMDJSON_Cursor *cursor, bool *found, CSIMDJSON_Text *key);
/// Moves to the next element of the array entered last; false in `found` at its end, which leaves it.
CSIMDJSON_Error CSIMDJSON_nextElement(CSIMDJSON_Cursor *cursor, bool *found);

/// The kind of the current value.
CSIMDJSON_Kind CSIMDJSON_kind(CSIMDJSON_Cursor *cursor);
CSIMDJSON_Error CSIMDJSON_enterObject(CSIMDJSON_Cursor *cursor);
CSIMDJSON_Error CSIMDJSON_enterArray(CSIMDJSON_Cursor *cursor);
CSIMDJSON_Error CSIMDJSON_skip(CSIMDJSON_Cursor *cursor);
/// Like skip, and takes NaN, Infinity and -Infinity as numbers.
CSIMDJSON_Error CSIMDJSON_skipValues(CSIMDJSON_Cursor *cursor);
CSIMDJSON_Error CSIMDJSON_readString(CSIMDJSON_Cursor *cursor, CSIMDJSON_Text *text);
CSIMDJSON_Error CSIMDJSON_readInt64(CSIMDJSON_Cursor *cursor, int64_t *number);
CSIMDJSON_Error CSIMDJSON_readUInt64(CSIMDJSON_Cursor *cursor, uint64_t *number);
CSIMDJSON_Error CSIMDJSON_readDouble(CSIMDJSON_Cursor *cursor, double *number);
CSIMDJSON_Error CSIMDJSON_readBool(CSIMDJSON_Cursor *cursor, bool *value);

/// Reads the current value, an array of numbers nested in any way, into memory for `capacity` elements. `count` gets
/// the number of elements read, on failure the index of the one at fault.
CSIMDJSON_Error CSIMDJSON_readNumbers(CSIMDJSON_Cursor *cursor, CSIMDJSON_Element element, void *memory,
                                      size_t capacity, size_t *count);
/// Reads the current value, an array of strings nested in any way, as length-prefixed bytes into memory that it takes
/// with malloc.
CSIMDJSON_Error CSIMDJSON_readStrings(CSIMDJSON_Cursor *cursor, size_t capacity, void **memory, size_t *byteCount,
                                      size_t *count);

/// The most dimensions of a tensor whose shape is found while it is read.
#define CSIMDJSON_MAX_RANK 32

/// What the text of a value shows before it is read.
typedef struct {
    /// The most elements that it has; exact for numbers in arrays of which none is empty.
    size_t elementBound;
    /// Whether it is an object with names, or an array that begins with one; {"b64": "…"} has none.
    bool isNamed;
} CSIMDJSON_Outlook;

/// BYTES elements, each a length in four bytes and its content, in memory that grows by realloc.
typedef struct {
    char *start;
    size_t length;
    size_t capacity;
} CSIMDJSON_Bytes;

/// Looks over the current value, which stays to be read, entered or passed over. `isText` says that strings are wanted
/// and not numbers.
CSIMDJSON_Error CSIMDJSON_look(CSIMDJSON_Cursor *cursor, bool isText, CSIMDJSON_Outlook *outlook);
/// Counts the elements of the current value, an array, which stays to be read.
CSIMDJSON_Error CSIMDJSON_countElements(CSIMDJSON_Cursor *cursor, size_t *count);
/// Reads the current value, one number or an array of arrays of equal lengths, into memory for `capacity` elements.
///
/// `rank` and the CSIMDJSON_MAX_RANK `sizes` are -1 where the shape isn't known yet, and known afterwards. `takesFlags`
/// lets true and false stand for the integers 1 and 0 and the other way round. `count` gets the number of elements read,
/// on failure the index of the one at fault.
CSIMDJSON_Error CSIMDJSON_readTensor(CSIMDJSON_Cursor *cursor, CSIMDJSON_Element element, bool takesFlags, void *memory,
                                     size_t capacity, int *rank, int64_t *sizes, size_t *count);
/// The same for strings and {"b64": "…"}, behind what `bytes` holds already.
CSIMDJSON_Error CSIMDJSON_readTexts(CSIMDJSON_Cursor *cursor, CSIMDJSON_Bytes *bytes, int *rank, int64_t *sizes,
                                    size_t *count);
/// The text of the token where the last failure happened, at most 40 bytes.
CSIMDJSON_Text CSIMDJSON_lastToken(CSIMDJSON_Cursor *cursor);

/// Whether bytes are UTF-8.
bool CSIMDJSON_isUTF8(const void *bytes, size_t count);
/// The most bytes that one element of a type takes in JSON, with its comma.
size_t CSIMDJSON_widestElement(CSIMDJSON_Element element);
/// Writes elements with commas between them; there is room for the widest spelling of each. Returns bytes written.
size_t CSIMDJSON_writeNumbers(CSIMDJSON_Element element, const void *memory, size_t count, char *text);
/// Writes elements as arrays within each other, outermost size first, and null for what JSON has no number for. There is
/// room for the widest spelling of each and for the brackets and commas.
size_t CSIMDJSON_writeNested(CSIMDJSON_Element element, const void *memory, const ptrdiff_t *sizes, size_t rank,
                             char *text);

/// Looks at the current value, a scalar or an array nested in any way, before it is read as a tensor: `most` gets a bound
/// of its elements, exact for numbers, `length` the bytes of its text.
CSIMDJSON_Error CSIMDJSON_measurePlain(CSIMDJSON_Cursor *cursor, size_t *most, size_t *length);
/// Reads the value that was measured as numbers, with the shape that its nesting has. Strict JSON: null is a NaN, true
/// and false are 1 and 0, and the other way round for BOOL.
CSIMDJSON_Error CSIMDJSON_readPlain(CSIMDJSON_Cursor *cursor, CSIMDJSON_Element element, void *memory,
                                     size_t capacity, size_t *count);
/// Reads the value that was measured as strings, as length-prefixed bytes into memory that it takes with malloc.
CSIMDJSON_Error CSIMDJSON_readPlainTexts(CSIMDJSON_Cursor *cursor, size_t capacity, void **memory, size_t *byteCount,
                                         size_t *count);
/// The rank of the tensor that was read last; after a failure, how many arrays the place at fault is in.
size_t CSIMDJSON_plainRank(CSIMDJSON_Cursor *cursor);
/// The size of its dimension `axis`; after a failure, the index of the place at fault in the array at that depth.
size_t CSIMDJSON_plainSize(CSIMDJSON_Cursor *cursor, size_t axis);

#ifdef __cplusplus
}
#endif
#endif
