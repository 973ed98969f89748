#include "guard/window.h"

#include <assert.h>
#include <stdlib.h>

#define WAYS 8                          /* places that a key may have */
#define SHRINK_EVERY_US INT64_C(500000) /* many that give up together are one silence */
#define FORGET_US INT64_C(60000000)     /* a suspect that nobody calls is not kept for longer */

struct window {
    uint64_t key;       /* 0: free */
    int64_t asked_us;   /* the oldest request since it was heard last; 0: none */
    int64_t probe_us;   /* the last probe */
    int64_t shrunk_us;  /* the last time that the window was halved */
    int64_t used_us;    /* the last message to it or from it */
    int32_t open_count; /* unanswered messages */
    int32_t room_count; /* so many there may be */
};

struct window_table {
    struct window_terms terms;
    uint32_t set_count; /* a power of two */
    struct window *windows;
};

struct window_terms window_terms_default(void)
{
    return (struct window_terms){.start_count = 200,
                                 .count_min = 2,
                                 .count_max = 1000,
                                 .suspect_us = 2000000,
                                 .probe_us = 1000000};
}

struct window_table *window_table_new(const struct window_terms *terms, uint32_t count_max)
{
    struct window_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->terms = *terms;
    table->set_count = 1;
    while (table->set_count * WAYS < count_max && table->set_count < UINT32_MAX / 2 / WAYS) {
        table->set_count *= 2;
    }
    table->windows = calloc((size_t)table->set_count * WAYS, sizeof(*table->windows));
    if (table->windows == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

void window_table_free(struct window_table *table)
{
    if (table != NULL) {
        free(table->windows);
        free(table);
    }
}

static struct window *set_of(const struct window_table *table, uint64_t key)
{
    return &table->windows[(size_t)((key >> 16) & (table->set_count - 1)) * WAYS];
}

static struct window *find(const struct window_table *table, uint64_t key)
{
    struct window *set = set_of(table, key);
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
    }
    return NULL;
}

static bool is_suspect(const struct window_terms *terms, const struct window *window,
                       int64_t now_us)
{
    return window->asked_us != 0 && now_us - window->asked_us >= terms->suspect_us;
}

/* The place for a new key: a free one, or that of the destination that was quiet for longest. */
static struct window *make(struct window_table *table, uint64_t key, int64_t now_us)
{
    struct window *set = set_of(table, key);
    struct window *best = NULL;
    for (int i = 0; i < WAYS; i++) {
        struct window *window = &set[i];
        if (window->key == 0) {
            best = window;
            break;
        }
        bool is_kept =
            is_suspect(&table->terms, window, now_us) && now_us - window->used_us < FORGET_US;
        bool may_go = window->open_count == 0 && !is_kept;
        if (may_go && (best == NULL || window->used_us < best->used_us)) {
            best = window;
        }
    }
    if (best != NULL) {
        *best = (struct window){.key = key, .room_count = table->terms.start_count};
    }
    return best;
}

enum window_verdict window_ask(struct window_table *table, uint64_t key, int64_t now_us)
{
    struct window *window = find(table, key);
    if (window == NULL) {
        return WINDOW_OPEN;
    }
    if (is_suspect(&table->terms, window, now_us)) {
        /* Its first seconds of silence were its first probe. */
        if (now_us - window->probe_us < table->terms.probe_us) {
            return WINDOW_SUSPECT;
        }
        window->probe_us = now_us;
        return WINDOW_PROBE;
    }
    return window->open_count < window->room_count ? WINDOW_OPEN : WINDOW_FULL;
}

bool window_sent(struct window_table *table, uint64_t key, int64_t now_us)
{
    assert(key != 0);
    struct window *window = find(table, key);
    if (window == NULL) {
        window = make(table, key, now_us);
    }
    if (window == NULL || window->open_count == INT32_MAX) {
        return false;
    }
    window->open_count++;
    window->used_us = now_us;
    if (window->asked_us == 0) {
        window->asked_us = now_us;
    }
    return true;
}

static void take_off(struct window *window, int32_t message_count)
{
    assert(message_count >= 0 && message_count <= window->open_count);
    window->open_count -= message_count;
}

void window_answered(struct window_table *table, uint64_t key, int32_t message_count,
                     int64_t now_us)
{
    struct window *window = find(table, key);
    if (window == NULL) {
        assert(message_count == 0);
        return;
    }
    bool is_used = window->open_count * 2 >= window->room_count;
    if (is_used && message_count > 0 && window->room_count < table->terms.count_max) {
        window->room_count++;
    }
    take_off(window, message_count);
    window->used_us = now_us;
    window->asked_us = window->open_count > 0 ? now_us : 0;
}

void window_silent(struct window_table *table, uint64_t key, int32_t message_count, int64_t now_us)
{
    struct window *window = find(table, key);
    if (window == NULL) {
        assert(message_count == 0);
        return;
    }
    take_off(window, message_count);
    if (now_us - window->shrunk_us < SHRINK_EVERY_US) {
        return;
    }
    window->shrunk_us = now_us;
    int32_t half_count = window->room_count / 2;
    window->room_count = half_count > table->terms.count_min ? half_count : table->terms.count_min;
}

void window_withdrawn(struct window_table *table, uint64_t key, int32_t message_count,
                      int64_t now_us)
{
    struct window *window = find(table, key);
    if (window == NULL) {
        return;
    }
    take_off(window, message_count);
    /* Nobody waits for it any more, and it has not been silent for long: it is not silent. */
    if (window->open_count == 0 && !is_suspect(&table->terms, window, now_us)) {
        window->asked_us = 0;
    }
}

bool window_look(const struct window_table *table, uint64_t key, int64_t now_us,
                 struct window_view *out)
{
    const struct window *window = find(table, key);
    if (window == NULL) {
        return false;
    }
    *out = (struct window_view){.open_count = window->open_count,
                                .room_count = window->room_count,
                                .is_suspect = is_suspect(&table->terms, window, now_us)};
    return true;
}
