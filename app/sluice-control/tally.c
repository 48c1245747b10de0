/* SPDX-License-Identifier: BSD-3-Clause */
/* A bounded table of series in a hash of open addresses; what comes when it is full is one series.
 */
#include "tally.h"
#include "sl_log_line.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SERIES      2048u /* power of two */
#define SERIES_FULL (SERIES * 3 / 4)
#define CLUSTER_MAX 192u

struct series {
	bool used;
	uint16_t status;
	uint32_t flags;
	char cluster[CLUSTER_MAX];
	uint64_t requests, bytes_in, bytes_out;
	struct sl_hist duration;
	struct metrics_sizes size_in, size_out;
};

struct tally {
	pthread_mutex_t lock;
	uint32_t n;
	struct series series[SERIES], other;
};

struct tally *tally_create(void)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t != NULL)
		pthread_mutex_init(&t->lock, NULL);
	return t;
}

void tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct series *find(struct tally *t, const char *cluster, uint16_t status, uint32_t flags)
{
	uint64_t h = sl_fnv1a(status | (uint64_t)flags << 16, cluster, strlen(cluster));

	for (uint32_t i = (uint32_t)h & (SERIES - 1);; i = (i + 1) & (SERIES - 1)) {
		struct series *s = &t->series[i];

		if (s->used && s->status == status && s->flags == flags &&
		    strcmp(s->cluster, cluster) == 0)
			return s;
		if (s->used)
			continue;
		if (t->n >= SERIES_FULL)
			return &t->other;
		t->n++;
		s->used = true;
		s->status = status;
		s->flags = flags;
		strcpy(s->cluster, cluster);
		return s;
	}
}

/* Name of the cluster in the record; false when the record is damaged. */
static bool cluster_of(const struct sl_log_record *r, size_t len, char out[CLUSTER_MAX])
{
	size_t at = sizeof(*r), n = 0;

	for (int i = 0; i <= SL_LOG_UPSTREAM_CLUSTER; i++) {
		at += n;
		n = r->len[i] & ~SL_LOG_CUT;
	}
	if (at > len || n > len - at)
		return false;
	n = SL_MIN(n, CLUSTER_MAX - 1);
	memcpy(out, (const char *)r + at, n);
	out[n] = '\0';
	return strlen(out) == n;
}

void tally_add(struct tally *t, const struct sl_log_record *record, size_t len)
{
	char cluster[CLUSTER_MAX];
	struct series *s;

	if (len < sizeof(*record) || !cluster_of(record, len, cluster))
		return;
	pthread_mutex_lock(&t->lock);
	s = find(t, cluster, record->status, record->flags);
	s->requests++;
	s->bytes_in += record->bytes_received;
	s->bytes_out += record->bytes_sent;
	sl_hist_add(&s->duration, record->duration_us);
	metrics_sizes_add(&s->size_in, record->bytes_received);
	metrics_sizes_add(&s->size_out, record->bytes_sent);
	pthread_mutex_unlock(&t->lock);
}

/* The parts of "outbound|80||name.namespace.svc.cluster.local" that Istio labels with. */
static void destination_labels(const char *cluster, char *labels, size_t cap)
{
	const char *bar = strrchr(cluster, '|'), *host = bar != NULL ? bar + 1 : cluster, *dot;
	char part[CLUSTER_MAX];

	if (host[0] == '\0')
		host = "unknown";
	metrics_label(labels, cap, "destination_service", host);
	snprintf(part, sizeof(part), "%.*s", (int)strcspn(host, "."), host);
	metrics_label(labels, cap, "destination_service_name", part);
	dot = strchr(host, '.');
	snprintf(part, sizeof(part), "%.*s", dot ? (int)strcspn(dot + 1, ".") : 7,
		 dot ? dot + 1 : "unknown");
	metrics_label(labels, cap, "destination_service_namespace", part);
}

static void gather_series(const struct series *s, struct metrics *all, const char *instance)
{
	char labels[1024] = "", text[256];

	metrics_label(labels, sizeof(labels), "reporter", "source");
	metrics_label(labels, sizeof(labels), "source_workload", instance);
	destination_labels(s->used ? s->cluster : "other", labels, sizeof(labels));
	metrics_label(labels, sizeof(labels), "request_protocol", "http");
	snprintf(text, sizeof(text), "%u", s->status);
	metrics_label(labels, sizeof(labels), "response_code", text);
	metrics_label(labels, sizeof(labels), "response_flags",
		      sl_log_flags(s->flags, text, sizeof(text)));
	metrics_label(labels, sizeof(labels), "connection_security_policy", "unknown");
	metrics_add(all, METRIC_COUNTER, "istio_requests_total", labels,
		    "requests that were answered", s->requests, NULL, "istio.requests.%s.%u",
		    s->cluster, s->status);
	metrics_add(all, METRIC_HISTOGRAM, "istio_request_duration_milliseconds", labels,
		    "from a request's first byte to its answer's last", 0, &s->duration,
		    "istio.request_duration.%s.%u", s->cluster, s->status);
	snprintf(text, sizeof(text), "istio.request_bytes.%s.%u", s->cluster, s->status);
	metrics_add_sizes(all, "istio_request_bytes", labels, "sizes of request bodies",
			  &s->size_in, text);
	snprintf(text, sizeof(text), "istio.response_bytes.%s.%u", s->cluster, s->status);
	metrics_add_sizes(all, "istio_response_bytes", labels, "sizes of answers' bodies",
			  &s->size_out, text);
	metrics_add(all, METRIC_COUNTER, "sluice_request_body_bytes_total", labels,
		    "bytes of request bodies", s->bytes_in, NULL, "sluice.request_bytes.%s.%u",
		    s->cluster, s->status);
	metrics_add(all, METRIC_COUNTER, "sluice_response_body_bytes_total", labels,
		    "bytes of answers' bodies", s->bytes_out, NULL, "sluice.response_bytes.%s.%u",
		    s->cluster, s->status);
}

void tally_gather(struct tally *t, struct metrics *all, const char *instance)
{
	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < SERIES; i++)
		if (t->series[i].used)
			gather_series(&t->series[i], all, instance);
	if (t->other.requests > 0)
		gather_series(&t->other, all, instance);
	pthread_mutex_unlock(&t->lock);
}
