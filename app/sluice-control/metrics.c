/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of metrics and its renderings: Envoy's text and JSON, Prometheus' text format. */
#include "metrics.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "jsontext.h"

/* Upper ends of Envoy's default buckets, in milliseconds or bytes. */
static const double bounds_ms[METRICS_BOUNDS] = {
	0.5,  1,    5,     10,    25,    50,     100,    250,     500,    1000,
	2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000};

static const double quantiles[] = {0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100};

static void metric_free(struct metric *m)
{
	free(m->name);
	free(m->family);
	free(m->labels);
	free(m->help);
	free(m->hist);
}

void metrics_free(struct metrics *all)
{
	for (size_t i = 0; i < all->n; i++)
		metric_free(&all->m[i]);
	free(all->m);
	*all = (struct metrics){0};
}

static struct sl_hist *copy_hist(const struct sl_hist *hist)
{
	struct sl_hist *copy = malloc(sizeof(*copy));

	if (copy != NULL)
		memcpy(copy, hist, sizeof(*copy));
	return copy;
}

void metrics_add(struct metrics *all, enum metric_kind kind, const char *family, const char *labels,
		 const char *help, uint64_t value, const struct sl_hist *hist, const char *fmt, ...)
{
	struct metric m = {.kind = kind, .value = value, .order = all->n};
	va_list ap;

	if (all->n == all->cap) {
		size_t cap = all->cap * 2 + 256;
		struct metric *more = realloc(all->m, cap * sizeof(*more));

		if (more == NULL) {
			all->failed = true;
			return;
		}
		all->m = more;
		all->cap = cap;
	}
	va_start(ap, fmt);
	if (vasprintf(&m.name, fmt, ap) < 0)
		m.name = NULL;
	va_end(ap);
	m.family = strdup(family);
	m.labels = strdup(labels);
	m.help = strdup(help);
	m.hist = hist != NULL ? copy_hist(hist) : NULL;
	if (m.name == NULL || m.family == NULL || m.labels == NULL || m.help == NULL ||
	    (hist != NULL && m.hist == NULL)) {
		all->failed = true;
		metric_free(&m);
		return;
	}
	all->m[all->n++] = m;
}

void metrics_sizes_add(struct metrics_sizes *s, uint64_t bytes)
{
	size_t i = 0;

	while (i < METRICS_BOUNDS && (double)bytes > bounds_ms[i])
		i++;
	s->n[i]++;
	s->sum += bytes;
}

void metrics_add_sizes(struct metrics *all, const char *family, const char *labels,
		       const char *help, const struct metrics_sizes *sizes, const char *name)
{
	size_t n = all->n;

	metrics_add(all, METRIC_SIZES, family, labels, help, 0, NULL, "%s", name);
	if (all->n > n)
		all->m[n].sizes = *sizes;
}

static uint64_t sizes_count(const struct metrics_sizes *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= METRICS_BOUNDS; i++)
		n += s->n[i];
	return n;
}

char *metrics_label(char *buf, size_t cap, const char *key, const char *value)
{
	size_t n = strlen(buf);

	n += (size_t)snprintf(buf + n, cap - n, "%s%s=\"", n > 0 ? "," : "", key);
	for (; *value != '\0' && n + 4 < cap; value++) {
		if (*value == '"' || *value == '\\')
			buf[n++] = '\\';
		/* Names come from files: no byte of theirs may end a line, or be no UTF-8. */
		buf[n++] = (unsigned char)*value < 0x20 || (unsigned char)*value >= 0x7f ? '?'
											 : *value;
	}
	if (n + 1 < cap) {
		buf[n++] = '"';
		buf[n] = '\0';
	}
	return buf;
}

/* ---- what is kept ---- */

static void keep_if(struct metrics *all, bool (*wanted)(void *arg, const struct metric *m),
		    void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (wanted(arg, &all->m[i]))
			all->m[n++] = all->m[i];
		else
			metric_free(&all->m[i]);
	}
	all->n = n;
}

static bool is_used(void *arg, const struct metric *m)
{
	return m->value != 0 || (m->hist != NULL && m->hist->count != 0) ||
	       sizes_count(&m->sizes) != 0;
}

void metrics_used_only(struct metrics *all)
{
	keep_if(all, is_used, NULL);
}

struct by_name {
	bool (*wanted)(void *arg, const char *name);
	void *arg;
};

static bool name_wanted(void *arg, const struct metric *m)
{
	struct by_name *f = arg;

	return f->wanted(f->arg, m->name);
}

void metrics_filter(struct metrics *all, bool (*wanted)(void *arg, const char *name), void *arg)
{
	keep_if(all, name_wanted, &(struct by_name){wanted, arg});
}

/* ---- Envoy's text and JSON ---- */

/* As Envoy: counters and gauges first, then histograms, each by name. */
static int text_order(const void *a, const void *b)
{
	const struct metric *x = a, *y = b;
	int hist = (x->kind >= METRIC_HISTOGRAM) - (y->kind >= METRIC_HISTOGRAM);

	return hist != 0 ? hist : strcmp(x->name, y->name);
}

/* The upper end of the bucket where that share of all is reached. */
static double quantile_bytes(const struct metrics_sizes *s, double percent)
{
	double want = (double)sizes_count(s) * percent / 100, n = 0;
	size_t i = 0;

	for (; i < METRICS_BOUNDS; i++) {
		n += (double)s->n[i];
		if (n > 0 && n >= want)
			break;
	}
	return bounds_ms[SL_MIN(i, METRICS_BOUNDS - 1)];
}

static uint64_t hist_count(const struct metric *m)
{
	return m->kind == METRIC_SIZES ? sizes_count(&m->sizes) : m->hist->count;
}

static double quantile(const struct metric *m, double percent)
{
	if (m->kind == METRIC_SIZES)
		return quantile_bytes(&m->sizes, percent);
	return (double)sl_hist_quantile(m->hist, percent / 100) / 1000;
}

static void text_hist(const struct metric *m, FILE *out)
{
	fprintf(out, "%s:", m->name);
	if (hist_count(m) == 0) {
		fputs(" No recorded values\n", out);
		return;
	}
	for (size_t i = 0; i < SL_ARRAY_LEN(quantiles); i++)
		fprintf(out, " P%g(nan,%g)", quantiles[i], quantile(m, quantiles[i]));
	fputc('\n', out);
}

void metrics_text(struct metrics *all, FILE *out)
{
	qsort(all->m, all->n, sizeof(*all->m), text_order);
	for (size_t i = 0; i < all->n; i++) {
		const struct metric *m = &all->m[i];

		if (m->kind >= METRIC_HISTOGRAM)
			text_hist(m, out);
		else
			fprintf(out, "%s: %llu\n", m->name, (unsigned long long)m->value);
	}
}

static json_t *json_hist(const struct metric *m)
{
	json_t *values = json_array();

	for (size_t i = 0; i < SL_ARRAY_LEN(quantiles); i++)
		json_array_append_new(values,
				      json_pack("{s:n, s:o}", "interval", "cumulative",
						hist_count(m) ? json_real(quantile(m, quantiles[i]))
							      : json_null()));
	return json_pack("{s:o, s:o}", "name", json_text(m->name), "values", values);
}

void metrics_json(struct metrics *all, FILE *out)
{
	json_t *stats = json_array(), *supported = json_array(), *computed = json_array(), *top;

	qsort(all->m, all->n, sizeof(*all->m), text_order);
	for (size_t i = 0; i < SL_ARRAY_LEN(quantiles); i++)
		json_array_append_new(supported, json_real(quantiles[i]));
	for (size_t i = 0; i < all->n; i++) {
		const struct metric *m = &all->m[i];

		if (m->kind >= METRIC_HISTOGRAM)
			json_array_append_new(computed, json_hist(m));
		else
			json_array_append_new(stats,
					      json_pack("{s:o, s:I}", "name", json_text(m->name),
							"value", (json_int_t)m->value));
	}
	json_array_append_new(stats,
			      json_pack("{s:{s:o, s:o}}", "histograms", "supported_quantiles",
					supported, "computed_quantiles", computed));
	top = json_pack("{s:o}", "stats", stats);
	json_dumpf(top, out, JSON_COMPACT);
	json_decref(top);
}

/* ---- Prometheus ---- */

/* All samples of a family follow one another, in the order in which they were found. */
static int family_order(const void *a, const void *b)
{
	const struct metric *x = a, *y = b;
	int c = strcmp(x->family, y->family);

	return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

/* How many values lie at or below a bound; within a bucket as if they were spread evenly. */
static uint64_t count_below(const struct sl_hist *h, double us)
{
	double n = 0, from = 0;

	for (unsigned i = 0; i < SL_HIST_BUCKETS; i++) {
		double to = (double)sl_hist_bound(i);

		if (us < to) {
			if (i + 1 < SL_HIST_BUCKETS)
				n += (double)h->bucket[i] * (us - from) / (to - from);
			break;
		}
		n += (double)h->bucket[i];
		from = to;
	}
	return (uint64_t)n;
}

static uint64_t count_all(const struct sl_hist *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SL_HIST_BUCKETS; i++)
		n += h->bucket[i];
	return n;
}

static void prometheus_sizes(const struct metric *m, FILE *out)
{
	const char *comma = m->labels[0] != '\0' ? "," : "";
	unsigned long long n = 0, all = sizes_count(&m->sizes);

	for (size_t i = 0; i < METRICS_BOUNDS; i++) {
		n += m->sizes.n[i];
		fprintf(out, "%s_bucket{%s%sle=\"%.15g\"} %llu\n", m->family, m->labels, comma,
			bounds_ms[i], n);
	}
	fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", m->family, m->labels, comma, all);
	fprintf(out, "%s_sum{%s} %llu\n%s_count{%s} %llu\n", m->family, m->labels,
		(unsigned long long)m->sizes.sum, m->family, m->labels, all);
}

static void prometheus_hist(const struct metric *m, FILE *out)
{
	const char *comma = m->labels[0] != '\0' ? "," : "";
	uint64_t all = count_all(m->hist); /* the buckets, so that the last one is the count */

	for (size_t i = 0; i < SL_ARRAY_LEN(bounds_ms); i++)
		fprintf(out, "%s_bucket{%s%sle=\"%.15g\"} %llu\n", m->family, m->labels, comma,
			bounds_ms[i],
			(unsigned long long)count_below(m->hist, bounds_ms[i] * 1000));
	fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", m->family, m->labels, comma,
		(unsigned long long)all);
	fprintf(out, "%s_sum{%s} %.15g\n", m->family, m->labels, (double)m->hist->sum_us / 1000);
	fprintf(out, "%s_count{%s} %llu\n", m->family, m->labels, (unsigned long long)all);
}

void metrics_prometheus(struct metrics *all, FILE *out)
{
	static const char *const types[] = {[METRIC_COUNTER] = "counter",
					    [METRIC_GAUGE] = "gauge",
					    [METRIC_HISTOGRAM] = "histogram",
					    [METRIC_SIZES] = "histogram"};
	const char *family = "";

	qsort(all->m, all->n, sizeof(*all->m), family_order);
	for (size_t i = 0; i < all->n; i++) {
		const struct metric *m = &all->m[i];

		if (strcmp(family, m->family) != 0)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", m->family, m->help, m->family,
				types[m->kind]);
		family = m->family;
		if (m->kind == METRIC_HISTOGRAM)
			prometheus_hist(m, out);
		else if (m->kind == METRIC_SIZES)
			prometheus_sizes(m, out);
		else if (m->labels[0] != '\0')
			fprintf(out, "%s{%s} %llu\n", m->family, m->labels,
				(unsigned long long)m->value);
		else
			fprintf(out, "%s %llu\n", m->family, (unsigned long long)m->value);
	}
}
