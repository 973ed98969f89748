#include "node/config_edit.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 1100
#define CONF_SIZE_MAX (1024 * 1024)

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t size = write(fd, text, left);
        if (size <= 0) {
            return false;
        }
        text += size;
        left -= (size_t)size;
    }
    return fsync(fd) == 0;
}

/* As the old file, or else as the directory: what root writes has to be read by the roles. */
static bool take_over(int fd, const char *dir, const char *path)
{
    struct stat old, now;
    mode_t mode = 0600;
    if (stat(path, &old) == 0) {
        mode = old.st_mode & 07777;
    } else if (stat(dir, &old) != 0) {
        return false;
    }
    bool is_theirs = fstat(fd, &now) == 0 && now.st_uid == old.st_uid && now.st_gid == old.st_gid;
    return (is_theirs || fchown(fd, old.st_uid, old.st_gid) == 0) && fchmod(fd, mode) == 0;
}

static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_synced;
}

bool config_write_file(const char *dir, const char *name, const char *text, char *error,
                       size_t error_size)
{
    char path[PATH_SIZE], part[PATH_SIZE + 8];
    int size = snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (size < 0 || (size_t)size >= sizeof(path)) {
        snprintf(error, error_size, "the name of the directory is too long");
        return false;
    }
    snprintf(part, sizeof(part), "%s.new", path);
    (void)unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && take_over(fd, dir, path) && write_all(fd, text);
    if (fd >= 0) {
        is_written = close(fd) == 0 && is_written;
    }
    if (!is_written || rename(part, path) != 0 || !sync_dir(dir)) {
        snprintf(error, error_size, "%s cannot be written: %s", path, strerror(errno));
        (void)unlink(part);
        return false;
    }
    return true;
}

bool config_keep_password(const char *dir, const char *file, char *error, size_t error_size)
{
    char text[256] = "";
    if (file == NULL) {
        return true;
    }
    FILE *in = fopen(file, "re");
    bool is_read = in != NULL && fgets(text, sizeof(text), in) != NULL;
    if (in != NULL) {
        fclose(in);
    }
    bool is_kept = is_read && config_write_file(dir, "store.password", text, error, error_size);
    OPENSSL_cleanse(text, sizeof(text));
    if (!is_read) {
        snprintf(error, error_size, "%s cannot be read, or is empty", file);
    }
    return is_kept;
}

static char *read_conf(const char *dir, char *error, size_t error_size)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    FILE *in = fopen(path, "re");
    char *text = in == NULL ? NULL : malloc(CONF_SIZE_MAX);
    size_t size = text == NULL ? 0 : fread(text, 1, CONF_SIZE_MAX, in);
    if (in != NULL) {
        fclose(in);
    }
    if (text == NULL || size == 0 || size == CONF_SIZE_MAX) {
        snprintf(error, error_size, "%s cannot be read", path);
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

static bool is_store_line(struct slice line)
{
    struct slice word = slice_trim(line);
    static const char name[] = "store";
    if (word.size < strlen(name) || memcmp(word.data, name, strlen(name)) != 0) {
        return false;
    }
    size_t at = strlen(name);
    while (at < word.size && (word.data[at] == ' ' || word.data[at] == '\t')) {
        at++;
    }
    return at < word.size && (word.data[at] == '=' || word.data[at] == ':');
}

bool config_set_store(const char *dir, const char *url, char *error, size_t error_size)
{
    char *text = read_conf(dir, error, error_size);
    char *made = text == NULL ? NULL : malloc(CONF_SIZE_MAX);
    bool is_done = false;
    if (made != NULL) {
        struct buf out;
        struct slice rest = slice_from_text(text);
        buf_init(&out, made, CONF_SIZE_MAX);
        while (rest.size > 0) {
            struct slice line = slice_split(&rest, '\n');
            if (!is_store_line(line)) {
                buf_slice(&out, line);
                buf_char(&out, '\n');
            }
        }
        buf_printf(&out, "store = \"%s\";\n", url);
        buf_char(&out, '\0');
        is_done = !out.is_full && config_write_file(dir, "dialtone.conf", made, error, error_size);
    }
    free(made);
    free(text);
    return is_done;
}
