/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The admin socket: one JSON object a line in, one a line out. Clients are bounded in number, in
 * bytes and in time; whatever they send, nothing but their own connection is at stake.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "control.h"
#include "files.h"

#define CLIENTS_MAX       16
#define REQUEST_MAX       (16u << 20)
#define CLIENT_SILENCE_US 30000000u

struct client {
	int fd; /* -1: free */
	uint64_t id;
	uint64_t progress_us; /* last byte either way */
	char *in;
	size_t in_len, in_cap, scanned;
	char *out;
	size_t out_len, out_done;
	json_t *held;   /* request that waits for the running change */
	bool answering; /* its change runs */
	bool closing;   /* after what is in `out` */
};

struct server {
	int fd;
	uint64_t next_id;
	bool resume;
	struct client client[CLIENTS_MAX];
};

json_t *server_error(int code, const char *text)
{
	return json_pack("{s:b, s:o, s:i}", "ok", 0, "error", json_text(text), "code",
			 code < 0 ? -code : code);
}

static void client_close(struct client *cl)
{
	close(cl->fd);
	free(cl->in);
	free(cl->out);
	json_decref(cl->held);
	memset(cl, 0, sizeof(*cl));
	cl->fd = -1;
}

/* Sends what it can; the rest waits for POLLOUT. */
static void client_flush(struct client *cl)
{
	while (cl->out_done < cl->out_len) {
		ssize_t n = send(cl->fd, cl->out + cl->out_done, cl->out_len - cl->out_done,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			client_close(cl);
			return;
		}
		cl->out_done += (size_t)n;
		cl->progress_us = sl_clock_us();
	}
	free(cl->out);
	cl->out = NULL;
	cl->out_len = cl->out_done = 0;
	if (cl->closing)
		client_close(cl);
}

static void client_send(struct client *cl, json_t *answer)
{
	char *text = answer != NULL ? json_dumps(answer, JSON_COMPACT) : NULL;
	size_t n = text != NULL ? strlen(text) : 0;

	json_decref(answer);
	cl->answering = false;
	if (text == NULL) {
		client_close(cl);
		return;
	}
	text[n] = '\n'; /* in place of the NUL; the length is kept beside it */
	cl->out = text;
	cl->out_len = n + 1;
	cl->out_done = 0;
	client_flush(cl);
}

void server_answer(struct control *c, uint64_t client, json_t *answer)
{
	for (int i = 0; c->server != NULL && i < CLIENTS_MAX; i++) {
		struct client *cl = &c->server->client[i];

		if (cl->fd >= 0 && cl->id == client) {
			client_send(cl, answer);
			c->server->resume = true; /* it may have sent its next request already */
			return;
		}
	}
	json_decref(answer);
}

void server_resume(struct control *c)
{
	if (c->server != NULL)
		c->server->resume = true;
}

/* Carries out one request; the client's answer is on its way or promised afterwards. */
static void client_request(struct control *c, struct client *cl, json_t *request)
{
	struct sl_err err = {""};
	json_t *answer = NULL;
	uint64_t id = cl->id;
	int rc;

	cl->answering = true;
	rc = command_run(c, id, request, &answer, &err);
	if (cl->fd < 0 || cl->id != id) {
		json_decref(answer);
		return;
	}
	if (rc == -EAGAIN && err.text[0] == '\0') {
		cl->answering = false;
		cl->held = json_incref(request);
	} else if (rc < 0) {
		client_send(cl, server_error(rc, err.text));
	} else if (rc != COMMAND_LATER) {
		client_send(cl, answer);
	}
}

static void client_refuse(struct client *cl, const char *text)
{
	cl->in_len = cl->scanned = 0;
	cl->closing = true;
	client_send(cl, server_error(EINVAL, text));
}

static void client_line(struct control *c, struct client *cl, const char *line, size_t len)
{
	json_error_t je;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &je);
	char text[256];

	if (request == NULL) {
		snprintf(text, sizeof(text), "The request is not one line of JSON: %.160s.",
			 je.text);
		client_refuse(cl, text);
		return;
	}
	if (json_is_object(request))
		client_request(c, cl, request);
	else
		client_refuse(cl, "The request must be a JSON object with a member \"cmd\".");
	json_decref(request);
}

static bool client_busy(const struct client *cl)
{
	return cl->fd < 0 || cl->answering || cl->held != NULL || cl->out != NULL;
}

/* Takes up whole lines for as long as nothing is in the way. */
static void client_process(struct control *c, struct client *cl)
{
	while (!client_busy(cl)) {
		char *nl = cl->scanned < cl->in_len
				   ? memchr(cl->in + cl->scanned, '\n', cl->in_len - cl->scanned)
				   : NULL;
		size_t len, rest;
		char *line;

		if (nl == NULL) {
			cl->scanned = cl->in_len;
			if (cl->in_len > REQUEST_MAX)
				client_refuse(cl, "The request is longer than 16 MiB.");
			return;
		}
		len = (size_t)(nl - cl->in);
		rest = cl->in_len - len - 1;
		line = cl->in;
		cl->in = malloc(rest ? rest : 1);
		if (cl->in == NULL) {
			cl->in = line;
			client_close(cl);
			return;
		}
		memcpy(cl->in, nl + 1, rest);
		cl->in_len = cl->in_cap = rest;
		cl->scanned = 0;
		client_line(c, cl, line, len);
		free(line);
	}
}

static void client_read(struct control *c, struct client *cl)
{
	ssize_t n;

	if (cl->in_cap - cl->in_len < 65536) {
		size_t cap = cl->in_cap * 2 + 65536;
		char *more = realloc(cl->in, cap);

		if (more == NULL) {
			client_close(cl);
			return;
		}
		cl->in = more;
		cl->in_cap = cap;
	}
	n = recv(cl->fd, cl->in + cl->in_len, cl->in_cap - cl->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(cl);
		return;
	}
	cl->in_len += (size_t)n;
	cl->progress_us = sl_clock_us();
	client_process(c, cl);
}

static void client_accept(struct server *s)
{
	struct client *free_slot = NULL;
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i < CLIENTS_MAX && free_slot == NULL; i++)
		if (s->client[i].fd < 0)
			free_slot = &s->client[i];
	if (free_slot == NULL) {
		static const char busy[] = "{\"ok\":false,\"error\":\"Too many clients; try again "
					   "in a moment.\",\"code\":16}\n";

		(void)!send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
		return;
	}
	*free_slot = (struct client){.fd = fd, .id = ++s->next_id, .progress_us = sl_clock_us()};
}

/* A socket file without a listener behind it is left over; one with a listener is not ours. */
static int remove_stale(const struct sockaddr_un *sa, struct sl_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	int code = errno;
	struct stat st;

	if (fd >= 0)
		close(fd);
	if (rc == 0)
		return sl_err(err, EADDRINUSE,
			      "Another program answers at %s; give this instance its own socket "
			      "in sluice.conf.",
			      sa->sun_path);
	if (code == ENOENT)
		return 0;
	if (lstat(sa->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return sl_err(err, EEXIST, "%s is in the way and not a socket; remove it.",
			      sa->sun_path);
	unlink(sa->sun_path);
	return 0;
}

static int server_listen(struct server *s, const char *path, struct sl_err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char dir[sizeof(sa.sun_path)], *slash;
	mode_t mask;
	int rc;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		rc = files_make_dirs(dir, 0755, err);
		if (rc < 0)
			return rc;
	}
	rc = remove_stale(&sa, err);
	if (rc < 0)
		return rc;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mask = umask(0177);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(s->fd, 64) < 0)
		rc = sl_err(err, errno, "The socket %s cannot be opened: %s.", path,
			    strerror(errno));
	umask(mask);
	return rc;
}

int server_create(struct control *c, struct sl_err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	s->fd = -1;
	for (int i = 0; i < CLIENTS_MAX; i++)
		s->client[i].fd = -1;
	c->server = s;
	rc = server_listen(s, c->socket_path, err);
	if (rc < 0)
		server_free(c);
	return rc;
}

void server_free(struct control *c)
{
	struct server *s = c->server;

	if (s == NULL)
		return;
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (s->client[i].fd >= 0)
			client_close(&s->client[i]);
	if (s->fd >= 0) {
		close(s->fd);
		unlink(c->socket_path);
	}
	free(s);
	c->server = NULL;
}

static void signals_read(struct control *c, int fd)
{
	struct signalfd_siginfo si;

	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			c->reload_wanted = true;
		else if (si.ssi_signo == SIGUSR1)
			access_log_reopen(c->log, NULL, NULL);
		else
			c->stop = true;
	}
}

static void resume_all(struct control *c)
{
	struct server *s = c->server;

	s->resume = false;
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *cl = &s->client[i];
		json_t *held = cl->held;

		if (cl->fd < 0 || cl->answering)
			continue;
		cl->held = NULL;
		if (held != NULL)
			client_request(c, cl, held);
		json_decref(held);
		client_process(c, cl);
	}
}

static void client_serve(struct control *c, struct client *cl, short events)
{
	uint64_t now = sl_clock_us();

	if (events & POLLOUT) {
		client_flush(cl);
		client_process(c, cl);
	}
	if (cl->fd >= 0 && (events & (POLLIN | POLLHUP | POLLERR)))
		client_read(c, cl);
	/* Its own change may take longer than it may be silent. */
	if (cl->fd >= 0 && !cl->answering && cl->held == NULL &&
	    now > cl->progress_us + CLIENT_SILENCE_US)
		client_close(cl);
}

void server_poll(struct control *c, int signal_fd, uint64_t timeout_us)
{
	struct server *s = c->server;
	struct timespec wait = {0};
	struct pollfd pfd[CLIENTS_MAX + 2 + ADMIN_LISTENERS + SOURCES_MAX + DNS_FDS];
	unsigned n = CLIENTS_MAX + 2, dns, dns_end;

	pfd[0] = (struct pollfd){signal_fd, POLLIN, 0};
	pfd[1] = (struct pollfd){s->fd, POLLIN, 0};
	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client *cl = &s->client[i];
		short want = cl->out != NULL ? POLLOUT : client_busy(cl) ? 0 : POLLIN;

		pfd[2 + i] = (struct pollfd){cl->fd, want, 0};
	}
	n += admin_poll_fds(c, pfd + n);
	dns = n;
	n += dns_poll_fds(c->dns, pfd + n);
	dns_end = n;
	/* While a change runs its end comes first; what the sources say is kept for them. */
	if (!c->change.active)
		n += sources_poll_fds(c->sources, pfd + n);
	if (!s->resume)
		wait = (struct timespec){(time_t)(timeout_us / 1000000),
					 (long)(timeout_us % 1000000) * 1000};
	if (ppoll(pfd, n, &wait, NULL) < 0)
		return;
	if (pfd[0].revents)
		signals_read(c, signal_fd);
	admin_serve(c);
	dns_serve(c->dns, pfd + dns, dns_end - dns);
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (s->client[i].fd >= 0 && s->client[i].fd == pfd[2 + i].fd)
			client_serve(c, &s->client[i], pfd[2 + i].revents);
	if (pfd[1].revents)
		client_accept(s);
	if (s->resume)
		resume_all(c);
}
