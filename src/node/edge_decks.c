#include "node/edge_role.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapped_deck {
    struct mapped_deck *next;
    struct deck *deck;
    void *base;
    size_t size;
};

static pthread_mutex_t mapped_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapped_deck *mapped;

static void deck_unmap(struct deck *deck)
{
    pthread_mutex_lock(&mapped_lock);
    struct mapped_deck **at = &mapped;
    while (*at != NULL && (*at)->deck != deck) {
        at = &(*at)->next;
    }
    struct mapped_deck *found = *at;
    if (found != NULL) {
        *at = found->next;
    }
    pthread_mutex_unlock(&mapped_lock);
    deck_close(deck);
    if (found != NULL) {
        munmap(found->base, found->size);
        free(found);
    }
}

static void deck_path(const struct edge_role *role, const char *hash, char path[600])
{
    snprintf(path, 600, "%s/decks/%s.deck", role->options->dir, hash);
}

static bool write_whole(const char *path, const void *data, size_t size)
{
    char temporary[640];
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    size_t at = 0;
    while (at < size) {
        ssize_t written = write(fd, (const char *)data + at, size - at);
        if (written < 0) {
            close(fd);
            unlink(temporary);
            return false;
        }
        at += (size_t)written;
    }
    bool is_safe = fdatasync(fd) == 0;
    close(fd);
    if (!is_safe || rename(temporary, path) != 0) {
        unlink(temporary);
        return false;
    }
    return true;
}

bool deck_file_map(struct edge_role *role, const char *hash)
{
    char path[600];
    struct stat status;
    deck_path(role, hash, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size <= 0) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    size_t size = (size_t)status.st_size;
    void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    struct mapped_deck *entry = malloc(sizeof(*entry));
    struct deck *deck = base == MAP_FAILED || entry == NULL ? NULL : deck_open(base, size);
    if (deck == NULL || !deck_set_put(role->edge.decks, deck, deck_unmap)) {
        deck_close(deck);
        if (base != MAP_FAILED) {
            munmap(base, size);
        }
        free(entry);
        return false;
    }
    *entry = (struct mapped_deck){NULL, deck, base, size};
    pthread_mutex_lock(&mapped_lock);
    entry->next = mapped;
    mapped = entry;
    pthread_mutex_unlock(&mapped_lock);
    return true;
}

bool deck_file_write(const struct edge_role *role, const char *hash, const void *object,
                     size_t size)
{
    char path[600];
    deck_path(role, hash, path);
    return write_whole(path, object, size);
}
