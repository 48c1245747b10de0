/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain: plays one request through the snapshot in use with the worker's own functions and
 * writes down every decision. Steps are {"step", "text"}; the data is beside them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "explain.h"
#include "lookup.h"
#include "view.h"

void explain_step(struct explain *x, const char *step, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	json_array_append_new(x->steps,
			      json_pack("{s:s, s:o}", "step", step, "text", json_text(text)));
	free(text);
}

void explain_outcome(struct explain *x, int status, const char *flag, const char *details,
		     const char *why)
{
	if (status != 0)
		explain_step(x, "outcome", "%d%s%s (%s): %s", status, flag[0] ? ", flag " : "",
			     flag, details, why);
	else
		explain_step(x, "outcome", "%s", why);
	json_object_set_new(x->answer, "outcome",
			    json_pack("{s:i, s:s, s:s, s:o}", "status", status, "flag", flag,
				      "details", details, "text", json_text(why)));
}

static const char *service_kind(uint8_t kind)
{
	static const char *const names[] = {[SL_SVC_CLUSTER_IP] = "cluster IP",
					    [SL_SVC_NODE_PORT] = "node port",
					    [SL_SVC_LOAD_BALANCER] = "load-balancer IP",
					    [SL_SVC_NATIVE] = "virtual IP of sluice.conf"};

	return kind < SL_ARRAY_LEN(names) ? names[kind] : "service";
}

/* Follows a service; true when it leads to a listener. */
static bool follow_service(struct explain *x, uint32_t row)
{
	const struct sl_snap_service *v = sl_snap_service(x->s, row);
	struct sl_str name = sl_snap_str(x->s, v->name);
	bool node = sl_ip_is_any(&v->ip);
	char addr[SL_IP_PORT_TEXT_MAX], at[SL_IP_PORT_TEXT_MAX + 32];

	if (node)
		snprintf(at, sizeof(at), "port %u of every address of the box", v->port);
	else
		snprintf(at, sizeof(at), "%s", sl_ip_port_format(&v->ip, v->port, addr));
	json_object_set_new(x->answer, "service", json_text_of(name));
	if (v->listener != SL_SNAP_NONE) {
		const struct sl_snap_listener *l = sl_snap_listener(x->s, v->listener);

		explain_step(x, "service", "%.*s: %s is its %s, it leads to our listener %.*s",
			     SL_STR_ARG(name), at, service_kind(v->kind),
			     SL_STR_ARG(sl_snap_str(x->s, l->name)));
		x->listener = v->listener;
		return true;
	}
	if (v->cluster == SL_SNAP_NONE) {
		explain_step(x, "service", "%.*s: %s is its %s", SL_STR_ARG(name), at,
			     service_kind(v->kind));
		explain_outcome(x, 0, "", "no_endpoints",
				"refused with a reset: the service has no endpoints");
		return false;
	}
	explain_step(x, "service",
		     "%.*s: %s is its %s, served at layer 4; Host and URI do not "
		     "matter",
		     SL_STR_ARG(name), at, service_kind(v->kind));
	explain_cluster(x, v->cluster, 1, 1);
	if (sl_snap_cluster(x->s, v->cluster)->healthy.n > 0)
		explain_outcome(x, 0, "", "", "translated to one of the endpoints above");
	else
		explain_outcome(x, 0, "", "no_endpoints",
				"refused: no healthy endpoint to translate to");
	return false;
}

/* The order of the worker's steering: a service's address, a node port, then a listener. */
static bool find_by_address(struct explain *x, const struct control *c)
{
	const struct sl_conf_box *box = sl_conf_box(c->conf);
	uint32_t row = lookup_service(x->s, box, &x->ip, x->port);
	bool own = lookup_own(box, &x->ip);
	char addr[SL_IP_PORT_TEXT_MAX];

	sl_ip_port_format(&x->ip, x->port, addr);
	if (row != SL_SNAP_NONE)
		return follow_service(x, row);
	x->listener = own ? sl_snap_listener_find(x->s, &x->ip, x->port) : SL_SNAP_NONE;
	if (x->listener != SL_SNAP_NONE)
		return true;
	explain_step(x, "address", "%s is no service's address%s", addr,
		     own ? " and no listener has this port" : " and no address of the box");
	explain_outcome(x, 0, "", "",
			own ? "answered with a reset: the port is closed"
			    : "dropped as ip_not_ours, if such a packet arrives at all");
	return false;
}

/* Without an address: a listener of that port, else whichever service leads to a listener. */
static bool find_by_port(struct explain *x)
{
	for (uint32_t i = 0; i < sl_snap_count(x->s, SL_SNAP_LISTENERS); i++)
		if (sl_snap_listener(x->s, i)->port == x->port) {
			x->listener = i;
			return true;
		}
	for (int l7 = 1; l7 >= 0; l7--)
		for (uint32_t i = 0; i < sl_snap_count(x->s, SL_SNAP_SERVICES); i++) {
			const struct sl_snap_service *v = sl_snap_service(x->s, i);

			if (v->port == x->port && v->proto == IPPROTO_TCP &&
			    (v->listener != SL_SNAP_NONE) == l7)
				return follow_service(x, i);
		}
	explain_step(x, "address", "no listener and no service has port %u", x->port);
	explain_outcome(x, 0, "", "", "answered with a reset: the port is closed");
	return false;
}

static void copy_text(char *buf, size_t cap, struct sl_str s)
{
	size_t n = SL_MIN(s.n, cap - 1);

	if (n > 0)
		memcpy(buf, s.p, n);
	buf[n] = '\0';
}

/* The head of a request with the fields that were asked for. */
static char *write_head(const char *host, const char *target, const json_t *request)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	const json_t *fields = json_object_get(request, "headers"), *field;
	char *head = NULL;
	size_t i, n;
	FILE *f = open_memstream(&head, &n);

	if (f == NULL)
		return NULL;
	fprintf(f, "%s %s HTTP/1.1\r\nHost: %s\r\n", method != NULL ? method : "GET", target, host);
	json_array_foreach(fields, i, field)
	{
		if (json_is_string(field))
			fprintf(f, "%s\r\n", json_string_value(field));
	}
	fprintf(f, "\r\n");
	return fclose(f) == 0 ? head : NULL;
}

/* Conditions on what is not kept of a head; the others are judged as the worker judges them. */
static void say_withheld(struct explain *x)
{
	const struct sl_http_request *req = &x->kept.req;
	struct sl_str asked[64];
	uint32_t n = sl_snap_header_names(x->s, asked, SL_ARRAY_LEN(asked));

	for (uint16_t i = 0; i < req->n_fields; i++)
		for (uint32_t k = 0; sl_head_withheld(&x->kept.r, i) && k < n; k++)
			if (sl_str_ieq(req->field[i].name, asked[k]))
				explain_step(x, "header",
					     "the value of %.*s is not kept: it is taken for empty",
					     SL_STR_ARG(asked[k]));
}

/* The worker's parser and path normalisation decide what the request is. */
static bool parse_request(struct explain *x, const struct control *c, const char *host,
			  const char *target, const json_t *request)
{
	struct sl_http_path_rules rules =
		lookup_path_rules(x->s, sl_conf_box(c->conf), x->listener);
	struct sl_http_request *req = &x->req;
	bool unescaped;
	int n, len;

	x->head = x->recorded ? strndup(x->kept.text, x->kept.r.len)
			      : write_head(host, target, request);
	if (x->head == NULL)
		return false;
	if (x->recorded)
		say_withheld(x);
	n = sl_http_request_parse(req, x->head, strlen(x->head), 0, &(struct sl_http_limits){0});
	if (n <= 0) {
		uint16_t status = n < 0 ? sl_http_error_status(req->error) : 400;

		explain_outcome(x, status, "DPE",
				n < 0 ? sl_http_error_details(req->error) : "http1.incomplete",
				"the request is refused before it is routed");
		return false;
	}
	len = sl_http_path(req->path, &rules, x->path, sizeof(x->path), &unescaped);
	if (len < 0) {
		explain_outcome(x, 400, "", "path_normalization_failed",
				rules.slashes == SL_HTTP_SLASHES_REJECT
					? "the path has a bad escape, %00, %2F or %5C"
					: "the path has a bad escape or %00");
		return false;
	}
	if (unescaped && rules.slashes == SL_HTTP_SLASHES_REDIRECT) {
		explain_outcome(x, 307, "", "path_normalization_failed",
				"the client is sent to the path without escaped slashes");
		return false;
	}
	x->path_len = (uint32_t)len;
	if (!sl_str_eq(req->path, (struct sl_str){x->path, x->path_len}))
		explain_step(x, "path", "normalised to %.*s", len, x->path);
	copy_text(x->query, sizeof(x->query), req->query);
	copy_text(x->host, sizeof(x->host), req->authority);
	return true;
}

static int read_request(struct explain *x, const struct control *c, const json_t *request,
			const char **host, const char **target, struct sl_err *err)
{
	const json_t *recent = json_object_get(request, "recent");
	const char *address = json_string_value(json_object_get(request, "address"));
	const json_t *port = json_object_get(request, "port");

	*host = json_string_value(json_object_get(request, "host"));
	*target = json_string_value(json_object_get(request, "target"));
	if (*host == NULL || *target == NULL)
		return sl_err(err, EINVAL, "The request needs \"host\" and \"target\".");
	if (strlen(*host) >= sizeof(x->host) || strlen(*target) >= sizeof(x->path))
		return sl_err(err, EINVAL, "Host or target is longer than %zu bytes.",
			      sizeof(x->path) - 1);
	if (!json_is_integer(port) || json_integer_value(port) < 1 ||
	    json_integer_value(port) > 65535)
		return sl_err(err, EINVAL, "The request needs \"port\" from 1 to 65535.");
	x->port = (uint16_t)json_integer_value(port);
	x->has_ip = address != NULL;
	x->recorded = recent != NULL &&
		      recent_find(c->recent, (uint64_t)json_integer_value(recent), &x->kept) == 0;
	return address != NULL ? sl_ip_parse(address, &x->ip, err) : 0;
}

int command_explain(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		    struct sl_err *err)
{
	struct explain *x = calloc(1, sizeof(*x));
	const char *host, *target;
	struct sl_stats *stats;
	int rc;

	if (x == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	x->answer = answer;
	x->steps = json_array();
	x->s = c->snap.map;
	x->listener = SL_SNAP_NONE;
	json_object_set_new(answer, "steps", x->steps);
	rc = read_request(x, c, request, &host, &target, err);
	if (rc == 0 && x->s == NULL)
		rc = sl_err(err, ENOENT, "No configuration is in use yet.");
	if (rc == 0)
		rc = sl_snap_scratch_grow(x->s, &c->scratch, err);
	if (rc == 0) {
		const char *method = json_string_value(json_object_get(request, "method"));

		stats = view_stats_open(c->dir);
		explain_step(x, "request", "%s http://%s%s on port %u",
			     method != NULL ? method : "GET", host, target, x->port);
		if ((x->has_ip ? find_by_address(x, c) : find_by_port(x)) && explain_listener(x) &&
		    parse_request(x, c, host, target, request))
			explain_route(x, c->scratch);
		view_stats_close(stats);
	}
	free(x->head);
	free(x);
	return rc;
}
