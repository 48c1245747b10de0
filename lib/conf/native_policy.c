/* SPDX-License-Identifier: BSD-3-Clause */
/* The groups of a cluster in sluice.conf: hash, limits, warm-up, ejection, health check. */
#include <errno.h>
#include <stdlib.h>

#include "native.h"
#include "words.h"

/* ---- hash ---- */

struct hash_text {
	const char *header, *cookie, *query, *cookie_path;
	bool address;
	uint32_t cookie_ttl_ms, ring_size;
};

#define HASH(field) SL_KEY_AT(struct hash_text, field)

const struct sl_key sl_native_hash_keys[] = {
	{.name = "header",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 HASH(header),
	 .min = 1,
	 .help = "Name of a request header."},
	{.name = "cookie",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 HASH(cookie),
	 .min = 1,
	 .help = "Name of a cookie."},
	{.name = "cookie_ttl",
	 .type = SL_KEY_TIME,
	 HASH(cookie_ttl_ms),
	 0,
	 INT32_MAX,
	 .help = "A client without the cookie is given one for this time; 0: until its browser "
		 "ends. Absent: it is given none."},
	{.name = "cookie_path",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 HASH(cookie_path),
	 .def = "",
	 .help = "Path of a cookie that is given."},
	{.name = "query",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 HASH(query),
	 .min = 1,
	 .help = "Name of a query parameter."},
	{.name = "address",
	 .type = SL_KEY_BOOL,
	 HASH(address),
	 .def = "false",
	 .help = "The client's address."},
	{.name = "ring_size",
	 .type = SL_KEY_INT,
	 HASH(ring_size),
	 1,
	 1048576,
	 "1024",
	 .help = "Points on the ring at least (ring_hash)."},
	{0},
};

/* Header names are compared in lower case; cookies and parameters as written. */
static int set_hash(struct sl_model_hash *h, enum sl_hash_on on, const char *name)
{
	h->on = on;
	if (sl_model_set(&h->name, name) < 0)
		return -ENOMEM;
	for (char *p = h->name; on == SL_HASH_HEADER && *p; p++)
		*p = sl_lower(*p);
	return 0;
}

int sl_native_hash_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_model_hash *h = &((struct sl_model_cluster *)dst)->hash;
	struct hash_text t = {0};
	int e = sl_keys_read(r, sl_native_hash_keys, s, "hash", &t), n;

	if (e)
		return e;
	n = !!t.header + !!t.cookie + !!t.query + t.address;
	if (n != 1)
		return sl_reader_bad(
			r, s, "'hash' looks at %s; write one of header, cookie, query and address",
			n ? "several things" : "nothing");
	h->cookie_make = t.cookie && config_setting_get_member(s, "cookie_ttl");
	h->cookie_ttl_s = (t.cookie_ttl_ms + 999) / 1000;
	h->ring_min = t.ring_size;
	if (t.address)
		e = set_hash(h, SL_HASH_ADDRESS, "");
	else if (t.header)
		e = set_hash(h, SL_HASH_HEADER, t.header);
	else if (t.cookie)
		e = set_hash(h, SL_HASH_COOKIE, t.cookie);
	else
		e = set_hash(h, SL_HASH_QUERY, t.query);
	if (e == 0)
		e = sl_model_set(&h->cookie_path, t.cookie_path);
	return e ? sl_native_no_memory(r) : 0;
}

/* ---- limits ---- */

#define LIMIT(field) SL_KEY_AT(struct sl_model_limits, field)

const struct sl_key sl_native_limit_keys[] = {
	{.name = "connections",
	 .type = SL_KEY_INT,
	 LIMIT(max_connections),
	 1,
	 INT32_MAX,
	 .help = "Connections to its endpoints. Absent: no limit."},
	{.name = "pending",
	 .type = SL_KEY_INT,
	 LIMIT(max_pending),
	 0,
	 INT32_MAX,
	 .help = "Requests that wait for a connection. Absent: no limit."},
	{.name = "requests",
	 .type = SL_KEY_INT,
	 LIMIT(max_requests),
	 1,
	 INT32_MAX,
	 .help = "Requests under way. Absent: no limit."},
	{.name = "retries",
	 .type = SL_KEY_INT,
	 LIMIT(max_retries),
	 0,
	 INT32_MAX,
	 .help = "Requests that are being tried again. Absent: no limit."},
	{.name = "retry_budget",
	 .type = SL_KEY_RATE,
	 LIMIT(retry_budget),
	 .def = "0%",
	 .help = "Share of the requests under way that may be retries. 0%: no limit."},
	{.name = "retry_budget_min",
	 .type = SL_KEY_INT,
	 LIMIT(retry_budget_min),
	 0,
	 65535,
	 "3",
	 .help = "So many retries at one time are within the budget in any case."},
	{.name = "requests_per_connection",
	 .type = SL_KEY_INT,
	 LIMIT(max_requests_per_connection),
	 0,
	 INT32_MAX,
	 .help = "Requests that one connection serves. 0: no limit."},
	{.name = "idle_timeout",
	 .type = SL_KEY_TIME,
	 LIMIT(idle_timeout_ms),
	 0,
	 SL_KEY_DAY_MS,
	 .help = "Life of a connection without requests. Absent: timeouts.pool_idle."},
	{0},
};

int sl_native_limits_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	return sl_keys_read(r, sl_native_limit_keys, s, "limits",
			    &((struct sl_model_cluster *)dst)->limits);
}

/* ---- warm-up ---- */

#define WARMUP(field) SL_KEY_AT(struct sl_model_warmup, field)

const struct sl_key sl_native_warmup_keys[] = {
	{.name = "time",
	 .type = SL_KEY_TIME,
	 WARMUP(duration_ms),
	 1,
	 SL_KEY_DAY_MS,
	 .required = true,
	 .help = "Time until an endpoint has its whole share: time = \"30s\""},
	{.name = "from",
	 .type = SL_KEY_INT,
	 WARMUP(min_percent),
	 1,
	 100,
	 "10",
	 .help = "Percentage of its share that it begins with."},
	{.name = "aggression",
	 .type = SL_KEY_INT,
	 WARMUP(aggression_milli),
	 1,
	 100000,
	 "1000",
	 .help = "Thousandths: 1000 grows evenly, more grows faster at first."},
	{0},
};

int sl_native_warmup_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	return sl_keys_read(r, sl_native_warmup_keys, s, "warmup",
			    &((struct sl_model_cluster *)dst)->warmup);
}

/* ---- ejection ---- */

#define OUTLIER(field) SL_KEY_AT(struct sl_model_outlier, field)

const struct sl_key sl_native_ejection_keys[] = {
	{.name = "consecutive_5xx",
	 .type = SL_KEY_INT,
	 OUTLIER(consecutive_5xx),
	 0,
	 INT32_MAX,
	 "5",
	 .help = "Answers of 500 and above, and failures without an answer, in a row. 0: not "
		 "looked at."},
	{.name = "consecutive_gateway",
	 .type = SL_KEY_INT,
	 OUTLIER(consecutive_gateway),
	 0,
	 INT32_MAX,
	 "0",
	 .help = "Answers 502, 503 and 504, and failures without an answer, in a row. 0: not "
		 "looked at."},
	{.name = "consecutive_local",
	 .type = SL_KEY_INT,
	 OUTLIER(consecutive_local),
	 0,
	 INT32_MAX,
	 "0",
	 .help = "Failures without an answer in a row, counted apart from the others. 0: they "
		 "count as answers 503."},
	{.name = "interval",
	 .type = SL_KEY_TIME,
	 OUTLIER(interval_ms),
	 1,
	 SL_KEY_DAY_MS,
	 "10s",
	 .help = "How often it is looked whether an endpoint may come back."},
	{.name = "time",
	 .type = SL_KEY_TIME,
	 OUTLIER(base_ejection_ms),
	 1,
	 SL_KEY_DAY_MS,
	 "30s",
	 .help = "Length of the first ejection; the next ones are twice, three times as long."},
	{.name = "max_time",
	 .type = SL_KEY_TIME,
	 OUTLIER(max_ejection_ms),
	 1,
	 SL_KEY_DAY_MS,
	 "300s",
	 .help = "Longest ejection."},
	{.name = "max_percent",
	 .type = SL_KEY_INT,
	 OUTLIER(max_ejection_percent),
	 0,
	 100,
	 "10",
	 .help = "Percentage of the endpoints that are out at one time at most; one may be in "
		 "any case, unless it is 0."},
	{0},
};

int sl_native_ejection_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_model_outlier *o = &((struct sl_model_cluster *)dst)->outlier;

	o->on = true;
	return sl_keys_read(r, sl_native_ejection_keys, s, "ejection", o);
}

/* ---- health check ---- */

struct check_text {
	int kind;
	const char *path, *host;
	uint16_t port;
	uint32_t interval_ms, timeout_ms, healthy, unhealthy;
	const config_setting_t *statuses;
};

#define CHECK(field) SL_KEY_AT(struct check_text, field)

static const char *const kind_words[] = {"http", "tcp", NULL};

const struct sl_key sl_native_check_keys[] = {
	{.name = "kind",
	 .type = SL_KEY_WORD,
	 CHECK(kind),
	 .def = "http",
	 .words = kind_words,
	 .help = "A request, or just a connection."},
	{.name = "path",
	 .type = SL_KEY_STR,
	 .max = 1024,
	 CHECK(path),
	 .min = 1,
	 .help = "What is asked for (http). Default: /."},
	{.name = "host",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 CHECK(host),
	 .min = 1,
	 .help = "Host header (http). Default: the cluster's name."},
	{.name = "port",
	 .type = SL_KEY_INT,
	 CHECK(port),
	 1,
	 65535,
	 .help = "Port that is asked. Default: the endpoint's."},
	{.name = "interval",
	 .type = SL_KEY_TIME,
	 CHECK(interval_ms),
	 1,
	 SL_KEY_DAY_MS,
	 "5s",
	 .help = "Time between two checks of an endpoint."},
	{.name = "timeout",
	 .type = SL_KEY_TIME,
	 CHECK(timeout_ms),
	 1,
	 SL_KEY_DAY_MS,
	 "1s",
	 .help = "Time for the whole check."},
	{.name = "healthy",
	 .type = SL_KEY_INT,
	 CHECK(healthy),
	 1,
	 1000,
	 "2",
	 .help = "Checks in a row that go well before an endpoint is used again."},
	{.name = "unhealthy",
	 .type = SL_KEY_INT,
	 CHECK(unhealthy),
	 1,
	 1000,
	 "3",
	 .help = "Checks in a row that fail before it isn't any more; the very first one is "
		 "enough."},
	{.name = "statuses",
	 .type = SL_KEY_EACH,
	 CHECK(statuses),
	 .min = 1,
	 .max = SL_MODEL_STATUS_RANGES,
	 .help = "Statuses that go well: [\"200\", \"300-399\"]. Default: [\"200\"]."},
	{0},
};

static int status_read(struct sl_reader *r, const config_setting_t *s, struct sl_model_check *c,
		       int i)
{
	const char *text;
	char *end;
	long from, to;
	int e = sl_reader_str(r, s, &text);

	if (e)
		return e;
	from = to = strtol(text, &end, 10);
	if (*end == '-')
		to = strtol(end + 1, &end, 10);
	if (*end || from < 100 || to < from || to > 599)
		return sl_reader_bad(r, s,
				     "status \"%.20s\" is none; write e.g. \"200\" or "
				     "\"200-299\"",
				     text);
	c->status[i].from = (uint16_t)from;
	c->status[i].to = (uint16_t)to;
	return 0;
}

/* What goes into a request as it is must not end a line of it. */
static int plain(struct sl_reader *r, const config_setting_t *s, const char *key, const char *text)
{
	for (const char *p = text; p && *p; p++)
		if (*p <= ' ' || *p > '~')
			return sl_reader_bad(r, s,
					     "'%s' has a blank or a byte that can't be in a "
					     "request; write it encoded",
					     key);
	return 0;
}

int sl_native_check_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_model_cluster *cluster = dst;
	struct sl_model_check *c = &cluster->check;
	struct check_text t = {0};
	int e = sl_keys_read(r, sl_native_check_keys, s, "health_check", &t);

	if (e == 0 && t.kind == 1 && (t.path || t.host || t.statuses))
		e = sl_reader_bad(r, s,
				  "'health_check' of kind tcp asks for nothing; leave path, "
				  "host and statuses out");
	if (e == 0 && t.path && *t.path != '/')
		e = sl_reader_bad(r, s, "'path' begins without '/'; write e.g. \"/healthz\"");
	if (e == 0)
		e = plain(r, s, "path", t.path);
	if (e == 0)
		e = plain(r, s, "host", t.host);
	if (e)
		return e;
	*c = (struct sl_model_check){.path = c->path,
				     .host = c->host,
				     .probe = t.kind == 1 ? SL_PROBE_TCP : SL_PROBE_HTTP,
				     .interval_ms = t.interval_ms,
				     .timeout_ms = t.timeout_ms,
				     .healthy = t.healthy,
				     .unhealthy = t.unhealthy,
				     .port = t.port};
	c->status[0].from = c->status[0].to = 200;
	if (sl_model_set(&c->path, t.path ? t.path : "/") < 0 ||
	    sl_model_set(&c->host, t.host ? t.host : cluster->name) < 0)
		return sl_native_no_memory(r);
	for (int i = 0; e == 0 && i < sl_native_length(t.statuses); i++)
		e = status_read(r, config_setting_get_elem(t.statuses, (unsigned)i), c, i);
	return e;
}
