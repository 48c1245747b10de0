/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks the virtual hosts and routes of one table; called by sl_model_check for each. */
#include <errno.h>
#include <stdlib.h>

#include "check.h"

#define DOMAIN_MAX 253 /* RFC 1035 2.3.4, without the final dot */

static bool domain_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.' || c == ':' || c == '[' || c == ']';
}

/* Why a domain can not be matched, or NULL: "*", "*.suffix" or a lower-case name or address. */
static const char *domain_fault(const char *d)
{
	const char *name = d;

	if (!*d)
		return "is empty; write a name, '*.suffix' or '*'";
	if (strcmp(d, "*") == 0)
		return NULL;
	if (strlen(d) > DOMAIN_MAX)
		return "is longer than 253 bytes; write a name of the DNS";
	if (d[0] == '*') {
		if (d[1] != '.' || !d[2])
			return "has a '*' that stands for a part of a label; write '*.suffix' or "
			       "'*'";
		name = d + 2;
	}
	for (; *name; name++) {
		if (*name >= 'A' && *name <= 'Z')
			return "is not in lower case; write it in lower case";
		if (!domain_byte(*name))
			return "has a byte that no host name has; write letters, digits, '-', '_' "
			       "and '.'";
	}
	return NULL;
}

/* Control bytes frame a subject when it is matched (lib/match): none may come from a pattern. */
static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

static int check_path(const struct sl_model_route *r, const char *vhost, struct sl_err *err)
{
	if (r->match != SL_PATH_ANY && !*r->path)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': route with an empty path; write a path "
				    "that begins with '/'",
				    vhost);
	if (has_control(r->path) || has_control(r->rewrite_to) ||
	    has_control(r->rewrite_authority) || has_control(r->redirect_authority) ||
	    has_control(r->redirect_path) || has_control(r->redirect_scheme) ||
	    has_control(r->rewrite_regex))
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': control byte in a route; write visible "
				    "characters, others as %%XX",
				    vhost);
	if (r->match == SL_PATH_ELEMENTS &&
	    (r->path[0] != '/' || (r->path[1] && r->path[strlen(r->path) - 1] == '/')))
		return sl_model_bad(
			&r->origin, err,
			"virtual host '%s': prefix of path elements '%s'; write it with "
			"a '/' before and none behind",
			vhost, r->path);
	if (r->rewrite == SL_REWRITE_PREFIX && r->match != SL_PATH_PREFIX)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': prefix rewrite without a prefix match; "
				    "match a prefix",
				    vhost);
	if ((r->rewrite == SL_REWRITE_ELEMENTS || r->redirect_rewrite == SL_REWRITE_ELEMENTS) &&
	    r->match != SL_PATH_ELEMENTS)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': rewrite of path elements without a match "
				    "of them; match a prefix of path elements",
				    vhost);
	return 0;
}

/* RFC 9110 5.6.2, in lower case. */
static bool header_name(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') ||
		      strchr("!#$%&'*+-.^_`|~", *s)))
			return false;
	return true;
}

static int check_cond(const struct sl_model_route *r, const struct sl_model_cond *c,
		      const char *vhost, struct sl_err *err)
{
	if (c->on == SL_ON_HEADER && !header_name(c->name))
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': '%s' is no header name; write letters, "
				    "digits and '-'",
				    vhost, c->name);
	if (c->on == SL_ON_QUERY && !*c->name)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': query parameter without a name; write one",
				    vhost);
	return 0;
}

static int check_conds(const struct sl_model_route *r, const char *vhost, struct sl_err *err)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < r->n_conds; i++)
		e = check_cond(r, &r->conds[i], vhost, err);
	return e;
}

static bool value_ok(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static int check_headers(const struct sl_model_route *r, const struct sl_model_header *h, size_t n,
			 const char *vhost, struct sl_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!header_name(h[i].name))
			return sl_model_bad(&r->origin, err,
					    "virtual host '%s': '%s' is no header name; write "
					    "letters, digits and '-'",
					    vhost, h[i].name);
		if (sl_model_header_fixed(h[i].name))
			return sl_model_bad(&r->origin, err,
					    "virtual host '%s': header '%s' belongs to the "
					    "connection and can't be changed; leave it out",
					    vhost, h[i].name);
		if (!value_ok(h[i].value))
			return sl_model_bad(
				&r->origin, err,
				"virtual host '%s': control byte in the value of header "
				"'%s'; write visible characters",
				vhost, h[i].name);
	}
	return 0;
}

static int check_changes(const struct sl_model_route *r, const char *vhost, struct sl_err *err)
{
	const struct sl_model_cors *c = &r->cors;
	int e = check_headers(r, r->headers, r->n_headers, vhost, err);

	for (size_t i = 0; e == 0 && i < r->n_weights; i++)
		e = check_headers(r, r->weights[i].headers, r->weights[i].n_headers, vhost, err);
	if (e)
		return e;
	if (!value_ok(c->methods) || !value_ok(c->headers) || !value_ok(c->expose) ||
	    !value_ok(c->max_age))
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': control byte in a CORS policy; write "
				    "visible characters",
				    vhost);
	if (r->fault.abort_ppm && (r->fault.abort_status < 200 || r->fault.abort_status > 599))
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': fault with status %u; write 200 to 599",
				    vhost, r->fault.abort_status);
	return 0;
}

static int no_cluster(const struct sl_model_route *r, const char *vhost, const char *what,
		      const char *cluster, const struct sl_names *clusters, struct sl_err *err)
{
	char hint[128];

	return sl_model_bad(
		&r->origin, err, "virtual host '%s': %s to a cluster that doesn't exist, '%s'; %s",
		vhost, what, cluster, sl_names_hint(clusters, cluster, hint, sizeof(hint)));
}

static int check_weights(const struct sl_model_route *r, const char *vhost,
			 const struct sl_names *clusters, struct sl_err *err)
{
	uint64_t sum = 0;

	if (r->n_weights == 0)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': route without a destination; write a "
				    "cluster, a redirect or a direct response",
				    vhost);
	for (size_t i = 0; i < r->n_weights; i++) {
		const struct sl_model_weight *w = &r->weights[i];

		if (!sl_names_has(clusters, w->cluster))
			return no_cluster(r, vhost, "route", w->cluster, clusters, err);
		sum += w->weight;
	}
	if (sum == 0)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': all weights of a route are 0; write at "
				    "least one above 0",
				    vhost);
	if (sum > INT32_MAX)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': the weights of a route add up to more "
				    "than %d; write smaller ones",
				    vhost, INT32_MAX);
	return 0;
}

static int check_mirrors(const struct sl_model_route *r, const char *vhost,
			 const struct sl_names *clusters, struct sl_err *err)
{
	if (r->n_mirrors > SL_MODEL_MIRRORS_MAX)
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': route with %zu mirrors; write at most %u",
				    vhost, r->n_mirrors, SL_MODEL_MIRRORS_MAX);
	for (size_t i = 0; i < r->n_mirrors; i++) {
		const struct sl_model_mirror *m = &r->mirrors[i];

		if (!sl_names_has(clusters, m->cluster))
			return no_cluster(r, vhost, "mirror", m->cluster, clusters, err);
		if (m->ppm < 1 || m->ppm > SL_MODEL_PPM)
			return sl_model_bad(&r->origin, err,
					    "virtual host '%s': mirror of %u millionths; write 1 "
					    "to %u",
					    vhost, m->ppm, SL_MODEL_PPM);
	}
	return 0;
}

static bool redirect_status(uint16_t s)
{
	return s == 301 || s == 302 || s == 303 || s == 307 || s == 308;
}

static int check_route(const struct sl_model_route *r, const char *vhost,
		       const struct sl_names *clusters, struct sl_err *err)
{
	int ret = check_path(r, vhost, err);

	if (ret == 0)
		ret = check_conds(r, vhost, err);
	if (ret == 0)
		ret = check_changes(r, vhost, err);
	if (ret == 0)
		ret = check_mirrors(r, vhost, clusters, err);
	if (ret)
		return ret;
	switch (r->action) {
	case SL_ROUTE_FORWARD:
		return check_weights(r, vhost, clusters, err);
	case SL_ROUTE_REDIRECT:
		if (*r->redirect_scheme && strcmp(r->redirect_scheme, "http") != 0 &&
		    strcmp(r->redirect_scheme, "https") != 0)
			return sl_model_bad(
				&r->origin, err,
				"virtual host '%s': redirect to scheme '%s'; write http "
				"or https",
				vhost, r->redirect_scheme);
		if (redirect_status(r->status))
			return 0;
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': redirect with status %u; write 301, 302, "
				    "303, 307 or 308",
				    vhost, r->status);
	case SL_ROUTE_DIRECT:
		if (r->status >= 200 && r->status <= 599)
			return 0;
		return sl_model_bad(&r->origin, err,
				    "virtual host '%s': direct response with status %u; write 200 "
				    "to 599",
				    vhost, r->status);
	}
	return sl_model_bad(&r->origin, err, "virtual host '%s': route with an unknown action",
			    vhost);
}

/* A name that must be unique in a table: a virtual host's own, or one of its domains. */
struct entry {
	const char *name;
	const struct sl_model_vhost *vhost;
};

static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x->vhost > y->vhost) - (x->vhost < y->vhost);
}

static int check_unique(struct entry *v, size_t n, bool domains, const char *table,
			struct sl_err *err)
{
	if (n)
		qsort(v, n, sizeof(*v), entry_cmp);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(v[i - 1].name, v[i].name) != 0)
			continue;
		if (domains)
			return sl_model_bad(&v[i].vhost->origin, err,
					    "virtual host '%s': domain '%s' is already one of "
					    "virtual host '%s'; write it in one of them",
					    v[i].vhost->name, v[i].name, v[i - 1].vhost->name);
		return sl_model_bad(&v[i].vhost->origin, err,
				    "virtual host '%s' is defined twice in route table '%s'; give "
				    "one of them another name",
				    v[i].name, table);
	}
	return 0;
}

static int check_names(const struct sl_model_table *t, struct sl_err *err)
{
	struct entry *names, *domains;
	size_t n_domains = 0, d = 0;
	int r;

	for (size_t i = 0; i < t->n_vhosts; i++)
		n_domains += t->vhosts[i].n_domains;
	names = calloc(t->n_vhosts + 1, sizeof(*names));
	domains = calloc(n_domains + 1, sizeof(*domains));
	if (!names || !domains) {
		r = sl_err(err, ENOMEM, "out of memory while the configuration was checked");
		goto out;
	}
	for (size_t i = 0; i < t->n_vhosts; i++) {
		const struct sl_model_vhost *v = &t->vhosts[i];

		names[i] = (struct entry){v->name, v};
		for (size_t j = 0; j < v->n_domains; j++)
			domains[d++] = (struct entry){v->domains[j], v};
	}
	r = check_unique(names, t->n_vhosts, false, t->name, err);
	if (r == 0)
		r = check_unique(domains, n_domains, true, t->name, err);
out:
	free(names);
	free(domains);
	return r;
}

static int check_vhost(const struct sl_model_vhost *v, const struct sl_names *clusters,
		       struct sl_err *err)
{
	int r = 0;

	if (!*v->name)
		return sl_model_bad(&v->origin, err, "virtual host without a name; give it one");
	if (v->n_domains == 0)
		return sl_model_bad(&v->origin, err,
				    "virtual host '%s' has no domains; write at least one, or '*'",
				    v->name);
	for (size_t i = 0; i < v->n_domains; i++) {
		const char *fault = domain_fault(v->domains[i]);

		if (fault)
			return sl_model_bad(&v->origin, err, "virtual host '%s': domain '%s' %s",
					    v->name, v->domains[i], fault);
	}
	for (size_t i = 0; r == 0 && i < v->n_routes; i++)
		r = check_route(&v->routes[i], v->name, clusters, err);
	return r;
}

int sl_model_check_table(const struct sl_model_table *table, const struct sl_names *clusters,
			 struct sl_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->n_vhosts; i++)
		r = check_vhost(&table->vhosts[i], clusters, err);
	return r ? r : check_names(table, err);
}
