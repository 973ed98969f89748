/* msg_headers.c - the lines of a message: where each begins and ends, and which header it is.
 *
 * It is most of what reading a message costs, so it is done 16 or 32 bytes at a time where the
 * processor can, and written so that nothing is looked at twice. */
#include "base/vector.h"
#include "sip/lex.h"
#include "sip/msg_field.h"
#include "sip/msg_header.h"

struct reader { /* the headers of one message under way */
    struct sip_msg *msg;
    enum sip_parse error;      /* the first that was found */
    int16_t last[SIP_H_COUNT]; /* header of an id that came last; set where msg->first is */
};

static void note(struct reader *reader, enum sip_parse error)
{
    if (reader->error == SIP_OK) {
        reader->error = error;
    }
}

/* A name that we know, with its colon behind it, among the first sixteen bytes: its id, and where
 * the colon is. OTHER: it is read the long way. `end`: of what may be read. */
static inline enum sip_header_id near_name_read(const char *at, const char *end, const char **colon)
{
#ifdef VECTOR_SSE2
    if (end - at >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(':')));
        unsigned size = (unsigned)__builtin_ctz(mask | 0x10000);
        if (size < 2 || size == 16) {
            return SIP_H_OTHER;
        }
        *colon = at + size;
        const struct sip_header_name *known = sip_header_slot(size, at[0], at[size - 1]);
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)known->text);
        __m128i case_bits = _mm_srli_epi16(_mm_and_si128(text, _mm_set1_epi8(0x40)), 1);
        block = _mm_or_si128(block, case_bits); /* of its letters: a return is no '-' */
        unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, text));
        /* The first bit that is not set stands where they differ. */
        bool is_known = known->size == size && (unsigned)__builtin_ctz(~same) >= size;
        return is_known ? (enum sip_header_id)known->id : SIP_H_OTHER;
    }
#else
    (void)at;
    (void)end;
    (void)colon;
#endif
    return SIP_H_OTHER;
}

/* Reads a name that is not known at a glance, or stands away from its colon. NULL: broken. */
static const char *far_name_read(struct slice line, struct slice *name)
{
    const char *end = line.data + line.size;
    const char *name_end = lex_skip(line.data, end, LEX_TOKEN);
    const char *colon = name_end;
    while (colon < end && (*colon == ' ' || *colon == '\t')) {
        colon++;
    }
    *name = lex_between(line.data, name_end);
    return name_end == line.data || colon == end || *colon != ':' ? NULL : colon;
}

/* Another header of an id that stands there already. */
static void repeat_note(struct reader *reader, const struct sip_header *header, int16_t before)
{
    struct sip_msg *msg = reader->msg;
    msg->headers[before].next = (int16_t)(header - msg->headers);
    if (sip_header_is_single(header->id)) {
        const struct sip_header *first = &msg->headers[msg->first[header->id]];
        bool is_length =
            header->id == SIP_H_CONTENT_LENGTH && !slice_equal(first->value, header->value);
        note(reader, is_length ? SIP_BAD_CONTENT_LENGTH : SIP_DUPLICATE_HEADER);
    }
}

/* The line [at, end): false, it is broken. `limit`: of what may be read behind it. */
static inline __attribute__((always_inline)) bool
header_read(const char *at, const char *end, const char *limit, struct sip_header *out)
{
    const char *colon = end;
    enum sip_header_id id = near_name_read(at, limit, &colon);
    const char *name_end = colon;
    if (id == SIP_H_OTHER || colon >= end) {
        struct slice name;
        colon = far_name_read(lex_between(at, end), &name);
        if (colon == NULL) {
            return false;
        }
        id = sip_header_id_from(name);
        name_end = at + name.size;
    }
    out->line.data = at;
    out->line.size = (size_t)(end - at);
    const char *start = colon + 1;
    start += start < end && *start == ' '; /* most have one */
    start = lex_skip_space(start, end);
    while (end > start && lex_is_space(end[-1])) {
        end--;
    }
    out->id = id;
    out->next = -1;
    out->name.data = at;
    out->name.size = (size_t)(name_end - at);
    out->value.data = start;
    out->value.size = (size_t)(end - start);
    return true;
}

static inline void header_note(struct reader *reader, const struct sip_header *header,
                               int16_t index)
{
    struct sip_msg *msg = reader->msg;
    enum sip_header_id id = header->id;
    if (id == SIP_H_OTHER) {
        return;
    }
    int16_t before = reader->last[id];
    reader->last[id] = index;
    if (msg->first[id] < 0) {
        msg->first[id] = index;
    } else {
        repeat_note(reader, header, before);
    }
}

/* A usual line: it ends with CRLF at `stop`, the next is no fold of it, or it is the empty one. */
static inline bool is_line_usual(const char *at, const char *stop, const char *end)
{
    return end - stop >= 2 && lex_is_line_end(stop) &&
           (stop == at || (end - stop > 2 && stop[2] != ' ' && stop[2] != '\t'));
}

#ifdef VECTOR_AVX2
struct wide { /* what a block is compared with */
    __m256i highest, delete, tab;
};

/* As lex_next_control, 32 bytes at a time. */
__attribute__((target("avx2"))) static inline const char *
wide_next_control(const char *at, const char *end, const struct wide *wide)
{
    for (; end - at >= 32; at += 32) {
        __m256i block = _mm256_loadu_si256((const __m256i *)(const void *)at);
        __m256i found = _mm256_cmpeq_epi8(_mm256_min_epu8(block, wide->highest), block);
        found = _mm256_or_si256(found, _mm256_cmpeq_epi8(block, wide->delete));
        found = _mm256_andnot_si256(_mm256_cmpeq_epi8(block, wide->tab), found);
        unsigned mask = (unsigned)_mm256_movemask_epi8(found);
        if (mask != 0) {
            return at + __builtin_ctz(mask);
        }
    }
    return lex_next_control(at, end);
}
#else
struct wide {
    int unused;
};

static inline const char *wide_next_control(const char *at, const char *end,
                                            const struct wide *wide)
{
    (void)wide;
    return lex_next_control(at, end);
}
#endif

/* Returns where the body starts. A broken line is left out of the list; the message is refused
 * anyway. `wide`: NULL where the processor has no such registers. */
static inline __attribute__((always_inline)) const char *
headers_walk(struct reader *reader, const char *at, const char *end, const struct wide *wide)
{
    struct sip_msg *msg = reader->msg;
    struct sip_header *header = msg->headers;
    int count = 0;
    enum sip_parse error = SIP_OK;
    while (true) {
        const char *line_end =
            wide != NULL ? wide_next_control(at, end, wide) : lex_next_control(at, end);
        const char *next = line_end + 2;
        bool is_clean = true;
        if (!is_line_usual(at, line_end, end)) {
            struct slice line = {at, 0};
            next = lex_line_next(at, end, &line, &is_clean);
            line_end = line.data + line.size;
        }
        if (next == NULL) { /* no empty line: the end of the message is missing */
            error = SIP_BAD_HEADER;
            break;
        }
        if (line_end == at) {
            end = next;
            break;
        }
        if (count == SIP_HEADERS_MAX) {
            error = SIP_TOO_MANY_HEADERS;
            break;
        }
        if (is_clean && header_read(at, line_end, end, header)) {
            header_note(reader, header, (int16_t)count);
            header++;
            count++;
        } else {
            note(reader, SIP_BAD_HEADER);
        }
        at = next;
    }
    if (error != SIP_OK) {
        note(reader, error);
    }
    msg->header_count = count;
    return end;
}

#ifdef VECTOR_AVX2
__attribute__((target("avx2"))) static const char *
headers_read_wide(struct reader *reader, const char *at, const char *end)
{
    struct wide wide = {_mm256_set1_epi8(0x1f), _mm256_set1_epi8(0x7f), _mm256_set1_epi8('\t')};
    /* They are made once a message, and not again for each line as the compiler would. */
    __asm__("" : "+x"(wide.highest), "+x"(wide.delete), "+x"(wide.tab));
    return headers_walk(reader, at, end, &wide);
}
#endif

const char *sip_headers_read(const char *at, const char *end, struct sip_msg *out,
                             enum sip_parse *error)
{
    struct reader reader; /* `last` is set as it is needed */
    reader.msg = out;
    reader.error = SIP_OK;
    const char *body;
#ifdef VECTOR_AVX2
    if (__builtin_cpu_supports("avx2")) {
        body = headers_read_wide(&reader, at, end);
        *error = reader.error;
        return body;
    }
#endif
    body = headers_walk(&reader, at, end, NULL);
    *error = reader.error;
    return body;
}
