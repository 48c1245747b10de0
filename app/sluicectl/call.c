/* SPDX-License-Identifier: BSD-3-Clause */
/* One request to the control process over its socket, and where the statistics are. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "sluicectl.h"

#define REQUEST_MAX (16u << 20)
#define ANSWER_MAX  (512u << 20)
#define PATIENCE_S  120

static int control_connect(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int code = errno;

		close(fd);
		return -code;
	}
	return fd;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Reads up to the newline; NULL when the peer went away before. */
static char *receive_line(int fd, size_t *len)
{
	size_t cap = 65536, n = 0;
	char *buf = malloc(cap);

	while (buf != NULL) {
		ssize_t got = recv(fd, buf + n, cap - n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		if (buf[n - 1] == '\n') {
			*len = n;
			return buf;
		}
		if (n == cap) {
			char *more = cap < ANSWER_MAX ? realloc(buf, cap * 2) : NULL;

			if (more == NULL)
				break;
			buf = more;
			cap *= 2;
		}
	}
	free(buf);
	return NULL;
}

static json_t *exchange(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT), *line = NULL;
	json_t *answer = NULL;
	size_t len;

	if (text != NULL && send_all(fd, text, strlen(text)) && send_all(fd, "\n", 1))
		line = receive_line(fd, &len);
	if (line != NULL)
		answer = json_loadb(line, len, 0, NULL);
	free(text);
	free(line);
	return answer;
}

static int too_large(const json_t *request)
{
	size_t n = json_dumpb(request, NULL, 0, JSON_COMPACT);

	if (n <= REQUEST_MAX)
		return EXIT_OK;
	return ctl_fail(EXIT_REFUSED,
			"The request is %zu MiB, more than the 16 MiB that are taken at once; "
			"apply it in parts.",
			n >> 20);
}

static int call(const struct ctl *ctl, json_t *request, json_t **answer, bool quiet)
{
	char path[108];
	int fd, rc = ctl_locate(ctl, path, NULL);
	json_t *a;

	if (rc == EXIT_OK)
		rc = too_large(request);
	if (rc != EXIT_OK) {
		json_decref(request);
		return rc;
	}
	fd = control_connect(path);
	a = fd >= 0 ? exchange(fd, request) : NULL;
	json_decref(request);
	if (fd >= 0)
		close(fd);
	if (fd == -EACCES)
		return ctl_fail(EXIT_UNREACHABLE,
				"%s may not be opened by this user; run sluicectl as root.", path);
	if (fd < 0)
		return quiet && (fd == -ENOENT || fd == -ECONNREFUSED)
			       ? EXIT_UNREACHABLE
			       : ctl_fail(EXIT_UNREACHABLE,
					  "No control process answers at %s (%s); is "
					  "sluice-control running?",
					  path, strerror(-fd));
	if (a == NULL)
		return quiet ? EXIT_UNREACHABLE
			     : ctl_fail(EXIT_UNREACHABLE,
					"The control process at %s went away or took longer than "
					"%d s; `sluicectl status` shows what is in use.",
					path, PATIENCE_S);
	if (json_is_true(json_object_get(a, "ok"))) {
		*answer = a;
		return EXIT_OK;
	}
	rc = ctl_fail(EXIT_REFUSED, "%s", json_string_value(json_object_get(a, "error")));
	json_decref(a);
	return rc;
}

int ctl_call(const struct ctl *ctl, json_t *request, json_t **answer)
{
	return call(ctl, request, answer, false);
}

int ctl_call_quiet(const struct ctl *ctl, json_t *request, json_t **answer)
{
	return call(ctl, request, answer, true);
}

int ctl_stats(const struct ctl *ctl, struct sl_stats **out)
{
	char dir[64], path[96];
	struct sl_err err;
	int rc = ctl_locate(ctl, NULL, dir);

	if (rc != EXIT_OK)
		return rc;
	snprintf(path, sizeof(path), "%s/stats", dir);
	rc = sl_stats_open(out, path, &err);
	if (rc == -ENOENT)
		return ctl_fail(EXIT_UNREACHABLE,
				"There are no statistics at %s; has sluiced been started?", path);
	return rc < 0 ? ctl_fail(EXIT_UNREACHABLE, "%s", err.text) : EXIT_OK;
}

bool ctl_stats_alive(const struct sl_stats *stats)
{
	const struct sl_stats_hdr *h = sl_stats_hdr(stats);
	uint64_t beat = __atomic_load_n(&h->heartbeat_us, __ATOMIC_ACQUIRE);
	uint64_t now = sl_clock_us();

	/* The process table knows of a kill -9 before the heartbeat is overdue. */
	if (h->pid <= 0 || (kill(h->pid, 0) < 0 && errno == ESRCH))
		return false;
	return beat <= now + 1000000 && now <= beat + 1000000;
}
