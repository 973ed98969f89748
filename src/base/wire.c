#include "base/wire.h"

void wire_get_text(struct wire_reader *reader, char *field, size_t field_size)
{
    if (!slice_copy_text(wire_get_slice(reader), field, field_size)) {
        reader->is_bad = true;
    }
    if (reader->is_bad && field_size > 0) {
        field[0] = '\0';
    }
}
