#include "node/edge_quality.h"

#include "store/trunk_quality.h"

#define NEWS_MAX 256 /* trunks at once; the others go with the next */

static int take_news(struct edge *edge, struct trunk_quality news[NEWS_MAX])
{
    int count = 0;
    for (uint64_t id = 0; id < EDGE_TRUNK_IDS && count < NEWS_MAX; id++) {
        _Atomic uint64_t *word = &edge->trunk_news[id];
        if (atomic_load_explicit(word, memory_order_relaxed) == 0) {
            continue;
        }
        struct quality_sums sums =
            quality_sums(atomic_exchange_explicit(word, 0, memory_order_relaxed));
        news[count++] = (struct trunk_quality){.trunk_id = id,
                                               .calls = sums.calls,
                                               .answered = sums.answered,
                                               .delays = sums.delays,
                                               .delay_sum_ms = sums.delay_sum_ms};
    }
    return count;
}

static uint64_t word_of(const struct trunk_quality *row)
{
    return quality_word(&(struct quality_sums){.calls = row->calls,
                                               .answered = row->answered,
                                               .delays = row->delays,
                                               .delay_sum_ms = row->delay_sum_ms});
}

/* The sums of all edges, and what was counted here meanwhile. */
static void show(struct edge *edge, const struct trunk_quality *row)
{
    if (row->trunk_id < EDGE_TRUNK_IDS) {
        uint64_t news =
            atomic_load_explicit(&edge->trunk_news[row->trunk_id], memory_order_relaxed);
        atomic_store_explicit(&edge->trunk_quality[row->trunk_id],
                              quality_merge(word_of(row), news), memory_order_relaxed);
    }
}

enum store_result edge_quality_sync(struct edge *edge, struct store *store)
{
    struct trunk_quality rows[NEWS_MAX];
    int count = take_news(edge, rows);
    enum store_result result = trunk_quality_add(store, rows, count);
    if (result != STORE_OK) {
        for (int i = 0; i < count; i++) {
            quality_add(&edge->trunk_news[rows[i].trunk_id], word_of(&rows[i]));
        }
        return result;
    }
    uint64_t after = 0;
    do {
        count = 0;
        result = trunk_quality_page(store, after, rows, NEWS_MAX, &count);
        for (int i = 0; i < count; i++) {
            show(edge, &rows[i]);
            after = rows[i].trunk_id;
        }
    } while (result == STORE_OK && count == NEWS_MAX);
    return result;
}
