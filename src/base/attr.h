/* attr.h - compiler attributes by the names we use. */
#ifndef DT_BASE_ATTR_H
#define DT_BASE_ATTR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
