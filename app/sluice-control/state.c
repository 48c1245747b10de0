/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps applied objects on disk through a redo list, so that kill -9 never leaves half a change. */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "objset.h"

#define FILE_NAME_MAX 128
#define SYNC_EACH_MAX 16u /* above it one wait for the whole file system is shorter */
#define COMMIT_MAX    (64u << 20)
#define SETTING_MAX   256

static const char *const settings[] = {STATE_PIN, STATE_CONFIRM};

struct state_change {
	char dir[256];
	char *list; /* lines "put NAME", "del NAME", "set NAME VALUE" and "unset NAME" */
	size_t len, cap;
	unsigned puts;
};

static void objects_dir(const char *dir, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s/objects", dir);
}

/* A readable part for people, then a hash of the whole key: any name fits and none escapes. */
static void object_file(const struct sl_object_ref *ref, char buf[FILE_NAME_MAX])
{
	char label[1024];
	uint64_t hash = sl_fnv1a(0, ref->ns, strlen(ref->ns) + 1);
	size_t n = 0;

	hash = sl_fnv1a(hash, ref->name, strlen(ref->name) + 1);
	objset_label(ref, label, sizeof(label));
	for (const char *p = label; *p != '\0' && n < 96; p++) {
		char c = sl_lower(*p);
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';

		buf[n] = plain ? c : (n == 0 ? '_' : '.');
		n++;
	}
	for (const char *p = ref->kind; *p != '\0'; p++) {
		char c = sl_lower(*p);

		hash = sl_fnv1a(hash, &c, 1);
	}
	snprintf(buf + n, FILE_NAME_MAX - n, "-%016llx.yaml", (unsigned long long)hash);
}

/* The redo list is our own, but what stands on a disk may be anything. */
static bool file_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && n < FILE_NAME_MAX && name[0] != '.' && strchr(name, '/') == NULL &&
	       strcmp(name + n - 5, ".yaml") == 0;
}

static int bad_line(const char *dir, const char *line, struct sl_err *err)
{
	return sl_err(err, EINVAL,
		      "%s/commit has a line that is not understood (\"%.80s\"); remove that file "
		      "to go on with the objects as they were.",
		      dir, line);
}

static bool is_setting(const char *name)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(settings); i++)
		if (strcmp(settings[i], name) == 0)
			return true;
	return false;
}

static int redo_set(const char *dir, char *line, struct sl_err *err)
{
	char *name = line + 4, *value = strchr(name, ' '), path[512];

	if (value == NULL)
		return bad_line(dir, line, err);
	*value++ = '\0';
	if (!is_setting(name))
		return bad_line(dir, line, err);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return files_replace(path, value, strlen(value), err);
}

int state_setting_remove(const char *dir, const char *name, struct sl_err *err)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (unlink(path) < 0 && errno != ENOENT)
		return sl_err(err, errno, "%s cannot be removed: %s.", path, strerror(errno));
	return files_sync_dir(dir, err);
}

static int redo_unset(const char *dir, const char *line, struct sl_err *err)
{
	return is_setting(line + 6) ? state_setting_remove(dir, line + 6, err)
				    : bad_line(dir, line, err);
}

static int redo_line(const char *dir, char *line, struct sl_err *err)
{
	char from[512], to[512];
	const char *name = line + 4;
	int rc;

	if (strncmp(line, "set ", 4) == 0)
		return redo_set(dir, line, err);
	if (strncmp(line, "unset ", 6) == 0)
		return redo_unset(dir, line, err);
	if ((strncmp(line, "put ", 4) != 0 && strncmp(line, "del ", 4) != 0) || !file_name_ok(name))
		return bad_line(dir, line, err);
	snprintf(from, sizeof(from), "%s/objects/%s.new", dir, name);
	snprintf(to, sizeof(to), "%s/objects/%s", dir, name);
	rc = line[0] == 'p' ? rename(from, to) : unlink(to);
	if (rc < 0 && errno != ENOENT) /* ENOENT: carried out before the interruption */
		return sl_err(err, errno, "%s cannot be changed: %s.", to, strerror(errno));
	return 0;
}

static int redo(const char *dir, char *list, struct sl_err *err)
{
	char path[512], *save = NULL;
	int rc = 0;

	for (char *line = strtok_r(list, "\n", &save); rc == 0 && line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		rc = redo_line(dir, line, err);
	if (rc < 0)
		return rc;
	objects_dir(dir, path, sizeof(path));
	rc = files_sync_dir(path, err);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/commit", dir);
	if (unlink(path) < 0 && errno != ENOENT)
		return sl_err(err, errno, "%s cannot be removed: %s.", path, strerror(errno));
	return files_sync_dir(dir, err);
}

static void forget_staged(const char *dir)
{
	char path[512];
	struct dirent *e;
	DIR *d;

	objects_dir(dir, path, sizeof(path));
	d = opendir(path);
	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > 4 && strcmp(e->d_name + n - 4, ".new") == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

int state_recover(const char *dir, struct sl_err *err)
{
	char path[512], *list;
	size_t len;
	int rc;

	objects_dir(dir, path, sizeof(path));
	rc = files_make_dirs(path, 0700, err);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/commit", dir);
	rc = files_read(path, COMMIT_MAX, &list, &len, err);
	if (rc == 0) {
		rc = redo(dir, list, err);
		free(list);
	} else if (rc == -ENOENT) {
		rc = 0;
	}
	if (rc == 0)
		forget_staged(dir);
	return rc;
}

int state_read(struct sl_objects **out, const char *dir, struct sl_err *err)
{
	struct sl_objects *set = sl_objects_create();
	char path[512];
	int rc = 0;

	if (set == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	objects_dir(dir, path, sizeof(path));
	if (access(path, R_OK | X_OK) == 0)
		rc = sl_objects_read(set, path, err);
	else if (errno != ENOENT)
		rc = sl_err(err, errno, "%s cannot be read: %s.", path, strerror(errno));
	if (rc < 0) {
		sl_objects_free(set);
		return rc;
	}
	*out = set;
	return 0;
}

static int note(struct state_change *ch, const char *verb, const char *name, struct sl_err *err)
{
	size_t need = ch->len + strlen(name) + 8;

	if (need > ch->cap) {
		size_t cap = need * 2 + 256;
		char *list = realloc(ch->list, cap);

		if (list == NULL)
			return sl_err(err, ENOMEM, "Out of memory.");
		ch->list = list;
		ch->cap = cap;
	}
	ch->len += (size_t)snprintf(ch->list + ch->len, ch->cap - ch->len, "%s %s\n", verb, name);
	return 0;
}

static int stage_put(struct state_change *ch, const struct sl_objects *set, size_t i,
		     struct sl_err *err)
{
	struct sl_object_ref ref = sl_objects_at(set, i);
	char name[FILE_NAME_MAX], path[512];
	char *yaml = sl_objects_yaml(set, i);
	int rc;

	if (yaml == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	object_file(&ref, name);
	snprintf(path, sizeof(path), "%s/objects/%s.new", ch->dir, name);
	rc = files_write(path, yaml, strlen(yaml), err);
	ch->puts++;
	free(yaml);
	return rc == 0 ? note(ch, "put", name, err) : rc;
}

static int stage_all(struct state_change *ch, const struct sl_objects *old,
		     const struct sl_objects *new, struct sl_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sl_objects_count(new); i++) {
		size_t at = sl_objects_place(old, new, i);

		if (at == SL_OBJECTS_NONE || sl_objects_same(old, at, new, i) != 1)
			rc = stage_put(ch, new, i, err);
	}
	for (size_t i = 0; rc == 0 && i < sl_objects_count(old); i++) {
		struct sl_object_ref ref = sl_objects_at(old, i);
		char name[FILE_NAME_MAX];

		if (sl_objects_place(new, old, i) != SL_OBJECTS_NONE)
			continue;
		object_file(&ref, name);
		rc = note(ch, "del", name, err);
	}
	return rc;
}

int state_stage(struct state_change **out, const char *dir, const struct sl_objects *old,
		const struct sl_objects *new, struct sl_err *err)
{
	struct state_change *ch = calloc(1, sizeof(*ch));
	int rc;

	if (ch == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	snprintf(ch->dir, sizeof(ch->dir), "%s", dir);
	rc = stage_all(ch, old, new, err);
	if (rc < 0) {
		state_abort(ch);
		return rc;
	}
	*out = ch;
	return 0;
}

int state_stage_setting(struct state_change *change, const char *name, const char *value,
			struct sl_err *err)
{
	char line[SETTING_MAX];

	if (value[0] == '\0')
		return note(change, "unset", name, err);
	snprintf(line, sizeof(line), "%s %s", name, value);
	return note(change, "set", line, err);
}

char *state_setting(const char *dir, const char *name, char *buf, size_t cap)
{
	char path[512], *text = NULL;
	struct sl_err err;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	buf[0] = '\0';
	if (files_read(path, SETTING_MAX, &text, &len, &err) == 0)
		snprintf(buf, cap, "%s", text);
	free(text);
	return buf;
}

/* What was staged is on the disk before the list that says to use it. */
static int sync_staged(const struct state_change *ch, struct sl_err *err)
{
	const char *line = ch->list, *end;
	char dir[512], path[1024];
	int rc = 0;

	objects_dir(ch->dir, dir, sizeof(dir));
	if (ch->puts > SYNC_EACH_MAX)
		return files_sync_all(dir, err);
	for (; rc == 0 && *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (strncmp(line, "put ", 4) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%.*s.new", dir, (int)(end - line - 4), line + 4);
		rc = files_sync(path, err);
	}
	return rc == 0 && ch->puts > 0 ? files_sync_dir(dir, err) : rc;
}

int state_commit(struct state_change *change, struct sl_err *err)
{
	char path[512];
	int rc = 0;

	if (change->len > 0) {
		snprintf(path, sizeof(path), "%s/commit", change->dir);
		rc = sync_staged(change, err);
		if (rc == 0)
			rc = files_replace(path, change->list, change->len, err);
		if (rc == 0) {
			/* From here on what fails is finished by the next state_recover. */
			rc = redo(change->dir, change->list, err);
		} else {
			unlink(path);
			forget_staged(change->dir);
		}
	}
	free(change->list);
	free(change);
	return rc;
}

void state_abort(struct state_change *change)
{
	if (change == NULL)
		return;
	forget_staged(change->dir);
	free(change->list);
	free(change);
}
