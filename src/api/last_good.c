#include "api/last_good.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kept {
    uint64_t id;
    char name[ACCOUNT_NAME_SIZE];
    json_t *account;
    json_t *balance;
    int64_t wall_us; /* when it was read */
};

struct last_good {
    pthread_mutex_t lock;
    char path[4096];
    bool is_changed;
    size_t count;
    struct kept kept[LAST_GOOD_MAX]; /* by rising id */
};

static size_t place_of(const struct last_good *last_good, uint64_t id)
{
    size_t low = 0;
    size_t high = last_good->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (last_good->kept[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void remove_at(struct last_good *last_good, size_t index)
{
    json_decref(last_good->kept[index].account);
    json_decref(last_good->kept[index].balance);
    last_good->count--;
    memmove(&last_good->kept[index], &last_good->kept[index + 1],
            (last_good->count - index) * sizeof(struct kept));
}

/* The account that was read longest ago makes room. */
static void make_room(struct last_good *last_good)
{
    if (last_good->count < LAST_GOOD_MAX) {
        return;
    }
    size_t oldest = 0;
    for (size_t i = 1; i < last_good->count; i++) {
        if (last_good->kept[i].wall_us < last_good->kept[oldest].wall_us) {
            oldest = i;
        }
    }
    remove_at(last_good, oldest);
}

static struct kept *find_or_add(struct last_good *last_good, uint64_t id)
{
    size_t index = place_of(last_good, id);
    if (index < last_good->count && last_good->kept[index].id == id) {
        return &last_good->kept[index];
    }
    make_room(last_good);
    index = place_of(last_good, id);
    memmove(&last_good->kept[index + 1], &last_good->kept[index],
            (last_good->count - index) * sizeof(struct kept));
    last_good->kept[index] = (struct kept){.id = id};
    last_good->count++;
    return &last_good->kept[index];
}

static void replace(json_t **place, const json_t *value)
{
    json_t *copy = json_deep_copy(value); /* reference counts are not shared between threads */
    json_decref(*place);
    *place = copy;
}

bool last_good_put(struct last_good *last_good, uint64_t id, const char *name,
                   const json_t *account, const json_t *balance, int64_t wall_us)
{
    bool is_news = false;
    pthread_mutex_lock(&last_good->lock);
    struct kept *kept = find_or_add(last_good, id);
    kept->wall_us = wall_us;
    if (name != NULL) {
        snprintf(kept->name, sizeof(kept->name), "%s", name);
    }
    if (account != NULL && !json_equal(kept->account, account)) {
        replace(&kept->account, account);
        last_good->is_changed = true;
    }
    if (balance != NULL && !json_equal(kept->balance, balance)) {
        is_news = true;
        replace(&kept->balance, balance);
        last_good->is_changed = true;
    }
    pthread_mutex_unlock(&last_good->lock);
    return is_news;
}

void last_good_forget(struct last_good *last_good, uint64_t id)
{
    pthread_mutex_lock(&last_good->lock);
    size_t index = place_of(last_good, id);
    if (index < last_good->count && last_good->kept[index].id == id) {
        remove_at(last_good, index);
        last_good->is_changed = true;
    }
    pthread_mutex_unlock(&last_good->lock);
}

static const struct kept *find(const struct last_good *last_good, uint64_t id, const char *name)
{
    size_t index = place_of(last_good, id);
    if (id != 0) {
        bool is_there = index < last_good->count && last_good->kept[index].id == id;
        return is_there ? &last_good->kept[index] : NULL;
    }
    for (size_t i = 0; i < last_good->count; i++) {
        if (strcmp(last_good->kept[i].name, name) == 0) {
            return &last_good->kept[i];
        }
    }
    return NULL;
}

struct tri last_good_find(struct last_good *last_good, uint64_t id, const char *name,
                          json_t **account, json_t **balance, int64_t *wall_us)
{
    struct tri answer = {TRI_UNKNOWN}; /* never absent: what was not read may be there */
    pthread_mutex_lock(&last_good->lock);
    const struct kept *kept = find(last_good, id, name);
    if (kept != NULL && kept->account != NULL) {
        *account = json_deep_copy(kept->account);
        *balance = json_deep_copy(kept->balance);
        *wall_us = kept->wall_us;
        answer.is = TRI_PRESENT;
    }
    pthread_mutex_unlock(&last_good->lock);
    return answer;
}

static bool read_money(const json_t *balance, const char *name, int64_t *micro)
{
    const char *text = json_string_value(json_object_get(balance, name));
    return text != NULL && money_parse(slice_from_text(text), micro);
}

struct tri last_good_money(struct last_good *last_good, uint64_t id, int64_t *available_micro,
                           int64_t *leased_micro)
{
    struct tri answer = {TRI_UNKNOWN};
    pthread_mutex_lock(&last_good->lock);
    const struct kept *kept = id == 0 ? NULL : find(last_good, id, NULL);
    if (kept != NULL && read_money(kept->balance, "available", available_micro) &&
        read_money(kept->balance, "leased", leased_micro)) {
        answer.is = TRI_PRESENT;
    }
    pthread_mutex_unlock(&last_good->lock);
    return answer;
}

json_t *last_good_page(struct last_good *last_good, uint64_t after, int max, int64_t *wall_us)
{
    json_t *page = json_array();
    *wall_us = INT64_MAX;
    pthread_mutex_lock(&last_good->lock);
    for (size_t i = place_of(last_good, after + 1);
         i < last_good->count && json_array_size(page) < (size_t)max; i++) {
        const struct kept *kept = &last_good->kept[i];
        if (kept->account != NULL) {
            json_t *account = json_deep_copy(kept->account);
            if (kept->balance != NULL) {
                json_object_set_new(account, "balance", json_deep_copy(kept->balance));
            }
            json_array_append_new(page, account);
            *wall_us = kept->wall_us < *wall_us ? kept->wall_us : *wall_us;
        }
    }
    pthread_mutex_unlock(&last_good->lock);
    return page;
}

static void load(struct last_good *last_good)
{
    json_t *file = json_load_file(last_good->path, JSON_REJECT_DUPLICATES, NULL);
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(file, "accounts"), index, row)
    {
        const json_t *account = json_object_get(row, "account");
        json_int_t id = json_integer_value(json_object_get(account, "id"));
        const char *name = json_string_value(json_object_get(account, "name"));
        if (id > 0 && name != NULL) {
            (void)last_good_put(last_good, (uint64_t)id, name, account,
                                json_object_get(row, "balance"),
                                json_integer_value(json_object_get(row, "wall_us")));
        }
    }
    json_decref(file);
    last_good->is_changed = false;
}

static json_t *copy_all(struct last_good *last_good)
{
    json_t *rows = json_array();
    pthread_mutex_lock(&last_good->lock);
    for (size_t i = 0; i < last_good->count; i++) {
        const struct kept *kept = &last_good->kept[i];
        json_array_append_new(
            rows, json_pack("{s:o*,s:o*,s:I}", "account", json_deep_copy(kept->account), "balance",
                            json_deep_copy(kept->balance), "wall_us", (json_int_t)kept->wall_us));
    }
    last_good->is_changed = false;
    pthread_mutex_unlock(&last_good->lock);
    return json_pack("{s:o}", "accounts", rows);
}

void last_good_save(struct last_good *last_good)
{
    pthread_mutex_lock(&last_good->lock);
    bool is_changed = last_good->is_changed;
    pthread_mutex_unlock(&last_good->lock);
    if (!is_changed) {
        return;
    }
    json_t *all = copy_all(last_good);
    char path[sizeof(last_good->path) + 8];
    snprintf(path, sizeof(path), "%s.new", last_good->path);
    if (all == NULL || json_dump_file(all, path, JSON_COMPACT) != 0 ||
        rename(path, last_good->path) != 0) {
        (void)unlink(path); /* the file of last time stays; the next save tries again */
    }
    json_decref(all);
}

struct last_good *last_good_new(const char *dir)
{
    struct last_good *last_good = calloc(1, sizeof(*last_good));
    if (last_good == NULL) {
        return NULL;
    }
    pthread_mutex_init(&last_good->lock, NULL);
    snprintf(last_good->path, sizeof(last_good->path), "%s/web/accounts.json", dir);
    load(last_good);
    return last_good;
}

void last_good_free(struct last_good *last_good)
{
    if (last_good == NULL) {
        return;
    }
    for (size_t i = 0; i < last_good->count; i++) {
        json_decref(last_good->kept[i].account);
        json_decref(last_good->kept[i].balance);
    }
    pthread_mutex_destroy(&last_good->lock);
    free(last_good);
}
