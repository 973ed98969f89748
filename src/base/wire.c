#include "base/wire.h"

void wire_get_text(struct wire_reader *reader, char *field, size_t field_size)
{
    struct slice text = wire_get_slice(reader);
    if (text.size == 0 && field_size > 0) { /* most are, and a bad one reads as empty */
        field[0] = '\0';
        return;
    }
    if (!slice_copy_text(text, field, field_size)) {
        reader->is_bad = true;
    }
    if (reader->is_bad && field_size > 0) {
        field[0] = '\0';
    }
}
