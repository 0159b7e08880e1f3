#ifndef CSIMDJSON_TEXTS_HPP
#define CSIMDJSON_TEXTS_HPP

#include "ElementReaders.hpp"

/// Reads a string, or {"b64": "…"}, as one BYTES element.
CSIMDJSON_Error appendText(Output &output, ondemand::value &value, CSIMDJSON_Bytes &bytes);

#endif
