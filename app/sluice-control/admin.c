/* SPDX-License-Identifier: BSD-3-Clause */
/* The HTTP side of the admin interface: listeners, the table of paths, methods, errors. */
#include "admin.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 32
#define SILENCE_S       10
#define STEPS_MAX       64
#define MEMORY_BYTES    (32u * 1024)

static admin_fn admin_help, admin_home, admin_state;

enum use { READS, MUTATES };

/* MUTATES: known to Envoy, and refused here. */
static const struct path {
	const char *path;
	admin_fn *fn;
	enum use use;
	const char *help;
} paths[] = {
	{"/", admin_home, READS, "Admin home page"},
	{"/clusters", admin_clusters, READS, "upstream cluster status (format=json)"},
	{"/config_dump", admin_config_dump, READS,
	 "dump current configuration (include_eds, resource=, name_regex=)"},
	{"/drain_listeners", NULL, MUTATES, "not here: use sluicectl drain"},
	{"/healthcheck/fail", NULL, MUTATES, "not here: this interface only reads"},
	{"/healthcheck/ok", NULL, MUTATES, "not here: this interface only reads"},
	{"/help", admin_help, READS, "print out list of admin commands"},
	{"/listeners", admin_listeners, READS, "print listener info (format=json)"},
	{"/logging", NULL, MUTATES, "not here: this interface only reads"},
	{"/quitquitquit", NULL, MUTATES, "not here: stop the processes"},
	{"/ready", admin_state, READS, "print server state, return 200 if LIVE, otherwise 503"},
	{"/reset_counters", NULL, MUTATES, "not here: counters are never reset"},
	{"/runtime_modify", NULL, MUTATES, "not here: use sluice.conf"},
	{"/server_info", admin_server_info, READS, "print server version/status information"},
	{"/stats", admin_stats, READS,
	 "print server stats (usedonly, filter=, format=json|prometheus)"},
	{"/stats/prometheus", admin_prometheus, READS, "print server stats in prometheus format"},
	{0},
};

static const struct path probe_paths[] = {
	{"/healthz/ready", admin_state, READS, "200 while traffic is served, otherwise 503"}, {0}};

static const struct path metrics_paths[] = {
	{"/stats/prometheus", admin_prometheus, READS, "print server stats in prometheus format"},
	{0}};

struct listener {
	struct control *c;
	const struct path *paths;
	const char *key; /* of the group `admin` in sluice.conf */
	struct sl_ip_port at;
	struct MHD_Daemon *daemon; /* NULL: closed */
};

struct admin {
	struct listener listener[ADMIN_LISTENERS];
};

const char *question_get(const struct question *q, const char *key)
{
	struct MHD_Connection *connection = (struct MHD_Connection *)(uintptr_t)q->connection;
	const char *value = NULL;

	if (MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, key, strlen(key),
					  &value, NULL) != MHD_YES)
		return NULL;
	return value != NULL ? value : "";
}

/* The data plane says so itself: by command, and on its own when it was told to end. */
static bool is_draining(const struct control *c)
{
	struct sl_stats *stats;
	char path[96];
	bool draining;

	snprintf(path, sizeof(path), "%s/stats", c->dir);
	if (sl_stats_open(&stats, path, NULL) < 0)
		return false;
	draining = sl_stats_hdr(stats)->draining != 0;
	sl_stats_close(stats);
	return draining;
}

bool admin_ready(struct control *c, const char **state)
{
	bool up = publish_daemon_alive(c) && c->snap.map != NULL && publish_lowest_epoch(c) > 0;
	bool draining = up && is_draining(c);

	*state = !up ? "INITIALIZING" : draining ? "DRAINING" : "LIVE";
	return up && !draining;
}

static void admin_state(const struct question *q, struct reply *r)
{
	const char *state;

	if (!admin_ready(q->c, &state))
		r->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	fprintf(r->out, "%s\n", state);
}

static void list_paths(const struct path *p, FILE *out)
{
	for (; p->path != NULL; p++)
		fprintf(out, "  %s%s: %s\n", p->path, p->use == MUTATES ? " (POST)" : "", p->help);
}

static void admin_help(const struct question *q, struct reply *r)
{
	fputs("admin commands are:\n", r->out);
	list_paths(paths, r->out);
}

static void admin_home(const struct question *q, struct reply *r)
{
	r->type = "text/html; charset=UTF-8";
	fputs("<!DOCTYPE html><title>Sluice admin</title><table>\n", r->out);
	for (const struct path *p = paths; p->path != NULL; p++)
		if (p->use == READS)
			fprintf(r->out, "<tr><td><a href=\"%s\">%s</a><td>%s\n", p->path, p->path,
				p->help);
	fputs("</table>\n", r->out);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct reply *r,
				  char *body, size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result sent;

	if (response == NULL) {
		free(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, "content-type", r->type);
	MHD_add_response_header(response, "cache-control", "no-cache, max-age=0");
	MHD_add_response_header(response, "x-content-type-options", "nosniff");
	if (r->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "allow", "GET, HEAD");
	sent = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	return sent;
}

/* Envoy answers 405 to the wrong method; that everything else only reads is ours. */
static bool method_fits(const struct path *p, const char *method, struct reply *r)
{
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (p->use == READS && reads)
		return true;
	r->status = MHD_HTTP_METHOD_NOT_ALLOWED;
	if (p->use == MUTATES && reads)
		fprintf(r->out, "Method %s not allowed, POST required.\n", method);
	else
		fputs("This interface only reads; use sluicectl for changes.\n", r->out);
	return false;
}

static void answer(const struct listener *l, const struct question *q, const char *url,
		   const char *method, struct reply *r)
{
	for (const struct path *p = l->paths; p->path != NULL; p++) {
		if (strcmp(p->path, url) != 0)
			continue;
		if (method_fits(p, method, r))
			p->fn(q, r);
		return;
	}
	r->status = MHD_HTTP_NOT_FOUND;
	fputs("invalid path. admin commands are:\n", r->out);
	list_paths(l->paths, r->out);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **begun)
{
	const struct listener *l = cls;
	struct question q = {l->c, connection};
	struct reply r = {MHD_HTTP_OK, "text/plain; charset=UTF-8", NULL};
	char *body = NULL;
	size_t len = 0;

	/* First the head alone; an answer before the end of a body closes the connection. */
	if (*begun == NULL) {
		*begun = (void *)(uintptr_t)l;
		return MHD_YES;
	}
	if (*size != 0) {
		*size = 0;
		return MHD_YES;
	}
	r.out = open_memstream(&body, &len);
	if (r.out == NULL)
		return MHD_NO;
	answer(l, &q, url, method, &r);
	if (fclose(r.out) != 0) {
		free(body);
		return MHD_NO;
	}
	return send_reply(connection, &r, body, len);
}

static socklen_t to_sockaddr(const struct sl_ip_port *at, struct sockaddr_storage *sa)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;

	memset(sa, 0, sizeof(*sa));
	if (sl_ip_is_v4(&at->ip)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(at->port);
		v4->sin_addr.s_addr = sl_ip_v4_be(&at->ip);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(at->port);
	memcpy(&v6->sin6_addr, at->ip.b, 16);
	return sizeof(*v6);
}

static void listener_open(struct listener *l)
{
	char text[SL_IP_PORT_TEXT_MAX];
	struct sockaddr_storage sa;
	unsigned flags = MHD_USE_EPOLL;

	if (l->at.port == 0)
		return;
	to_sockaddr(&l->at, &sa);
	if (sa.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, l, MHD_OPTION_SOCK_ADDR, &sa,
				     MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
				     MHD_OPTION_END);
	if (l->daemon == NULL)
		sl_log(SL_LOG_WARN,
		       "admin.%s = \"%s\" cannot be opened (%s): it is not served. Give it another "
		       "address in sluice.conf, or \"\" for none.",
		       l->key, sl_ip_port_format(&l->at.ip, l->at.port, text), strerror(errno));
}

static void listener_follow(struct listener *l, const struct sl_ip_port *want)
{
	if (l->daemon != NULL && sl_ip_eq(&l->at.ip, &want->ip) && l->at.port == want->port)
		return;
	if (l->daemon != NULL)
		MHD_stop_daemon(l->daemon);
	l->daemon = NULL;
	l->at = *want;
	listener_open(l);
}

void admin_open(struct control *c)
{
	static const struct {
		const struct path *paths;
		const char *key;
	} kinds[ADMIN_LISTENERS] = {
		{paths, "address"}, {probe_paths, "probe"}, {metrics_paths, "prometheus"}};
	const struct sl_conf_control *cc = sl_conf_control(c->conf);

	if (c->admin == NULL)
		c->admin = calloc(1, sizeof(*c->admin));
	for (size_t i = 0; c->admin != NULL && i < ADMIN_LISTENERS; i++) {
		struct listener *l = &c->admin->listener[i];

		l->c = c;
		l->paths = kinds[i].paths;
		l->key = kinds[i].key;
		listener_follow(l, &cc->admin[i]);
	}
}

void admin_close(struct control *c)
{
	for (size_t i = 0; c->admin != NULL && i < ADMIN_LISTENERS; i++)
		if (c->admin->listener[i].daemon != NULL)
			MHD_stop_daemon(c->admin->listener[i].daemon);
	free(c->admin);
	c->admin = NULL;
}

unsigned admin_poll_fds(const struct control *c, struct pollfd pfd[ADMIN_LISTENERS])
{
	unsigned n = 0;

	for (size_t i = 0; c->admin != NULL && i < ADMIN_LISTENERS; i++) {
		struct MHD_Daemon *d = c->admin->listener[i].daemon;
		const union MHD_DaemonInfo *info =
			d != NULL ? MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD) : NULL;

		if (info != NULL)
			pfd[n++] = (struct pollfd){info->epoll_fd, POLLIN, 0};
	}
	return n;
}

/* A connection goes from step to step; only between some of them is there something to wait for. */
static void run(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;

	for (int steps = 0; steps < STEPS_MAX && wait_ms == 0; steps++) {
		MHD_run(daemon);
		if (MHD_get_timeout(daemon, &wait_ms) != MHD_YES)
			return;
	}
}

void admin_serve(struct control *c)
{
	for (size_t i = 0; c->admin != NULL && i < ADMIN_LISTENERS; i++)
		if (c->admin->listener[i].daemon != NULL)
			run(c->admin->listener[i].daemon);
}
