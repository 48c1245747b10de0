/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files and folders of YAML. What is watched are folders, never files: an editor's rename, a
 * folder that is exchanged as a whole and the symbolic link that Kubernetes turns under a mounted
 * ConfigMap all show as names that come and go in one of them.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile.h"
#include "source.h"

#define WATCHES_MAX 256u
/* Read once nothing has been written for a moment, and at last when it never ends. */
#define QUIET_US    30000u
#define LATE_US     300000u

#define EVENTS                                                                                   \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | \
	 IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR)

struct watch {
	int wd;
	char path[PATH_MAX];
};

struct files {
	int fd; /* -1: not watched */
	struct watch *watch;
	unsigned n_watches;
	char leaf[16][256]; /* last parts of the manifests' paths */
	unsigned n_leaves;
	uint64_t first_us, last_us; /* events that are not taken up yet; 0: none */
	bool complained;
};

static int files_open(void **state, struct sl_err *err)
{
	struct files *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	f->fd = -1;
	*state = f;
	return 0;
}

static void unwatch(struct files *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	free(f->watch);
	f->watch = NULL;
	f->n_watches = f->n_leaves = 0;
}

static void files_close(void *state)
{
	unwatch(state);
	free(state);
}

static void complain(struct files *f, const char *path, int code)
{
	if (!f->complained)
		sl_log(SL_LOG_WARN,
		       "%s cannot be watched (%s): run `sluicectl reload` after changes there.",
		       path, strerror(code));
	f->complained = true;
}

static void watch_dir(struct files *f, const char *path)
{
	int wd = inotify_add_watch(f->fd, path, EVENTS);

	if (wd < 0) {
		complain(f, path, errno);
		return;
	}
	for (unsigned i = 0; i < f->n_watches; i++)
		if (f->watch[i].wd == wd)
			return;
	if (f->n_watches == WATCHES_MAX) {
		complain(f, path, ENOSPC);
		return;
	}
	f->watch[f->n_watches].wd = wd;
	snprintf(f->watch[f->n_watches].path, PATH_MAX, "%s", path);
	f->n_watches++;
}

/* The folder in which the last part of a path is a name. */
static void watch_parent(struct files *f, const char *path)
{
	char dir[PATH_MAX], *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else
		slash[slash == dir] = '\0';
	watch_dir(f, dir);
}

/* Where a chain of symbolic links leads, and each link of it on the way. */
static void watch_links(struct files *f, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && realpath(path, real) != NULL)
		watch_parent(f, real);
}

static void watch_folder(struct files *f, const char *path)
{
	char file[PATH_MAX + NAME_MAX + 2];
	DIR *d = opendir(path);
	struct dirent *e;

	if (d == NULL)
		return;
	watch_dir(f, path);
	while ((e = readdir(d)) != NULL) {
		if (!sl_objects_file(e->d_name))
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		watch_links(f, file);
	}
	closedir(d);
}

static void watch_manifest(struct files *f, const char *manifest)
{
	char path[256];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", manifest);
	const char *slash;

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	snprintf(f->leaf[f->n_leaves++], sizeof(f->leaf[0]), "%s", slash ? slash + 1 : path);
	watch_parent(f, path);
	watch_links(f, path);
	watch_folder(f, path);
}

/* All anew: what was behind a link that has turned must not be heard of any more. */
static void watch_all(struct files *f, const struct sl_conf_control *cc)
{
	unwatch(f);
	f->first_us = f->last_us = 0;
	if (!cc->watch || cc->n_manifests == 0)
		return;
	f->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	f->watch = calloc(WATCHES_MAX, sizeof(*f->watch));
	if (f->fd < 0 || f->watch == NULL) {
		complain(f, "The manifests", f->fd < 0 ? errno : ENOMEM);
		unwatch(f);
		return;
	}
	for (uint16_t i = 0; i < cc->n_manifests; i++)
		watch_manifest(f, cc->manifest[i]);
}

static int files_read_all(void *state, const struct sl_conf *conf, struct sl_objects *into,
			  struct sl_err *err)
{
	watch_all(state, sl_conf_control(conf)); /* first: a change from here on is seen */
	return compile_manifests_into(into, conf, err);
}

static int files_fd(const void *state)
{
	return ((const struct files *)state)->fd;
}

static const char *watched_path(const struct files *f, int wd)
{
	for (unsigned i = 0; i < f->n_watches; i++)
		if (f->watch[i].wd == wd)
			return f->watch[i].path;
	return NULL;
}

/* A file that was only just made is read when its writer closes it; links are whole at once. */
static bool still_open(const struct files *f, const struct inotify_event *e)
{
	const char *dir = watched_path(f, e->wd);
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;

	if (dir == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/%s", dir, e->name);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

/* Names that begin with two dots are the links and folders of a mounted ConfigMap. */
static bool concerns_us(const struct files *f, const struct inotify_event *e)
{
	if (e->len == 0)
		return (e->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
	if ((e->mask & IN_CREATE) != 0 && still_open(f, e))
		return false;
	if (sl_objects_file(e->name) || strncmp(e->name, "..", 2) == 0)
		return true;
	for (unsigned i = 0; i < f->n_leaves; i++)
		if (strcmp(e->name, f->leaf[i]) == 0)
			return true;
	return false;
}

static void read_events(struct files *f, uint64_t now_us)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(f->fd, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)p;

			p += sizeof(*e) + e->len;
			if (!concerns_us(f, e))
				continue;
			f->last_us = now_us;
			if (f->first_us == 0)
				f->first_us = now_us;
		}
}

static bool files_changed(void *state, uint64_t now_us, uint64_t *due_us)
{
	struct files *f = state;
	uint64_t at;

	if (f->fd < 0)
		return false;
	read_events(f, now_us);
	if (f->first_us == 0)
		return false;
	at = SL_MIN(f->last_us + QUIET_US, f->first_us + LATE_US);
	if (now_us >= at) {
		f->first_us = 0;
		return true;
	}
	*due_us = SL_MIN(*due_us, at);
	return false;
}

const struct source_ops source_files = {
	.name = "files",
	.open = files_open,
	.read = files_read_all,
	.fd = files_fd,
	.changed = files_changed,
	.close = files_close,
};
