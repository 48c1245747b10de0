/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads, writes and replaces whole files; used for snapshots and applied objects. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int files_make_dirs(const char *path, mode_t mode, struct sl_err *err)
{
	char part[512];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(part))
		return sl_err(err, ENAMETOOLONG, "The folder name \"%.80s...\" is too long.", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, i == n ? mode : 0755) < 0 && errno != EEXIST)
			return sl_err(err, errno, "The folder %s cannot be made: %s.", part,
				      strerror(errno));
	}
	return 0;
}

static int read_fd(int fd, size_t max, char **out, size_t *len)
{
	size_t cap = 65536, n = 0;
	char *buf = malloc(cap);

	while (buf != NULL) {
		ssize_t got;

		if (n + 1 >= cap) {
			char *more = realloc(buf, cap * 2);

			if (more == NULL)
				break;
			buf = more;
			cap *= 2;
		}
		got = read(fd, buf + n, cap - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || n + (size_t)got > max) {
			int code = got < 0 ? errno : E2BIG;

			free(buf);
			return -code;
		}
		if (got == 0) {
			buf[n] = '\0';
			*out = buf;
			*len = n;
			return 0;
		}
		n += (size_t)got;
	}
	free(buf);
	return -ENOMEM;
}

int files_read(const char *path, size_t max, char **out, size_t *len, struct sl_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return sl_err(err, errno, "%s cannot be read: %s.", path, strerror(errno));
	rc = read_fd(fd, max, out, len);
	close(fd);
	if (rc == -E2BIG)
		return sl_err(err, E2BIG, "%s is larger than the %zu MiB that are read.", path,
			      max >> 20);
	if (rc < 0)
		return sl_err(err, -rc, "%s cannot be read: %s.", path, strerror(-rc));
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		data += put;
		len -= (size_t)put;
	}
	return 0;
}

static int write_parts(const char *path, const struct iovec *part, size_t n, bool sync,
		       struct sl_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = 0;

	if (fd < 0)
		return sl_err(err, errno, "%s cannot be written: %s.", path, strerror(errno));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = write_all(fd, part[i].iov_base, part[i].iov_len);
	if (rc == 0 && sync && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc < 0) {
		unlink(path);
		return sl_err(err, -rc, "%s cannot be written: %s.", path, strerror(-rc));
	}
	return 0;
}

int files_write(const char *path, const void *data, size_t len, struct sl_err *err)
{
	const struct iovec part = {(void *)(uintptr_t)data, len};

	return write_parts(path, &part, 1, false, err);
}

int files_replace(const char *path, const void *data, size_t len, struct sl_err *err)
{
	const struct iovec part = {(void *)(uintptr_t)data, len};

	return files_replace_parts(path, &part, 1, err);
}

int files_replace_parts(const char *path, const struct iovec *part, size_t n, struct sl_err *err)
{
	char temp[512], dir[512], *slash;
	int rc;

	if (snprintf(temp, sizeof(temp), "%s.tmp", path) >= (int)sizeof(temp))
		return sl_err(err, ENAMETOOLONG, "The file name %.80s... is too long.", path);
	rc = write_parts(temp, part, n, true, err);
	if (rc < 0)
		return rc;
	if (rename(temp, path) < 0) {
		rc = sl_err(err, errno, "%s cannot be replaced: %s.", path, strerror(errno));
		unlink(temp);
		return rc;
	}
	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		return 0;
	*slash = '\0';
	return files_sync_dir(dir, err);
}

static int sync_path(const char *path, int flags, int (*sync_fd)(int), struct sl_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int rc;

	if (fd < 0)
		return sl_err(err, errno, "%s cannot be opened: %s.", path, strerror(errno));
	rc = sync_fd(fd) < 0 ? errno : 0;
	close(fd);
	return rc ? sl_err(err, rc, "%s cannot be written: %s.", path, strerror(rc)) : 0;
}

int files_sync(const char *path, struct sl_err *err)
{
	return sync_path(path, 0, fsync, err);
}

int files_sync_dir(const char *path, struct sl_err *err)
{
	return sync_path(path, O_DIRECTORY, fsync, err);
}

int files_sync_all(const char *path, struct sl_err *err)
{
	return sync_path(path, O_DIRECTORY, syncfs, err);
}
