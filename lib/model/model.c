/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's memory: appending, finding and freeing what the configuration readers produce. */
#include <errno.h>
#include <stdlib.h>

#include "sl_model.h"

/* Every unset string points here: readers never see NULL, and overwriting it leaks nothing. */
static char empty[1];

static void str_free(char *s)
{
	if (s != empty)
		free(s);
}

int sl_model_set(char **field, const char *text)
{
	char *copy = empty;

	if (text && *text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	str_free(*field);
	*field = copy;
	return 0;
}

int sl_model_origin(struct sl_origin *origin, const char *file, int line)
{
	origin->line = line;
	return sl_model_set(&origin->file, file);
}

/* Arrays double when their count is a power of two, so they need no capacity of their own. */
static void *append(void *array, size_t *n, size_t size)
{
	void **base = array;
	void *grown;
	char *slot;

	if ((*n & (*n - 1)) == 0) {
		grown = reallocarray(*base, *n ? *n * 2 : 1, size);
		if (!grown)
			return NULL;
		*base = grown;
	}
	slot = (char *)*base + *n * size;
	memset(slot, 0, size);
	++*n;
	return slot;
}

struct sl_model *sl_model_create(void)
{
	struct sl_model *model = calloc(1, sizeof(*model));

	if (model)
		model->locality = empty;
	return model;
}

static void headers_free(struct sl_model_header *headers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		str_free(headers[i].name);
		str_free(headers[i].value);
	}
	free(headers);
}

static void cors_free(struct sl_model_cors *c)
{
	for (size_t i = 0; i < c->n_origins; i++)
		str_free(c->origins[i].text);
	free(c->origins);
	str_free(c->methods);
	str_free(c->headers);
	str_free(c->expose);
	str_free(c->max_age);
}

static void route_free(struct sl_model_route *r)
{
	for (size_t i = 0; i < r->n_weights; i++) {
		str_free(r->weights[i].cluster);
		str_free(r->weights[i].authority);
		headers_free(r->weights[i].headers, r->weights[i].n_headers);
	}
	free(r->weights);
	for (size_t i = 0; i < r->n_mirrors; i++)
		str_free(r->mirrors[i].cluster);
	free(r->mirrors);
	headers_free(r->headers, r->n_headers);
	cors_free(&r->cors);
	str_free(r->rewrite_regex);
	str_free(r->redirect_scheme);
	for (size_t i = 0; i < r->n_conds; i++) {
		str_free(r->conds[i].name);
		str_free(r->conds[i].text);
	}
	free(r->conds);
	str_free(r->stat_prefix);
	str_free(r->name);
	str_free(r->virtual_service);
	str_free(r->origin.file);
	str_free(r->path);
	str_free(r->rewrite_to);
	str_free(r->rewrite_authority);
	str_free(r->redirect_authority);
	str_free(r->redirect_path);
	str_free(r->direct_body);
}

static void vhost_free(struct sl_model_vhost *v)
{
	for (size_t i = 0; i < v->n_routes; i++)
		route_free(&v->routes[i]);
	for (size_t i = 0; i < v->n_domains; i++)
		str_free(v->domains[i]);
	free(v->routes);
	free(v->domains);
	str_free(v->name);
	str_free(v->origin.file);
}

static void table_free(struct sl_model_table *t)
{
	for (size_t i = 0; i < t->n_vhosts; i++)
		vhost_free(&t->vhosts[i]);
	free(t->vhosts);
	str_free(t->name);
}

static void listener_free(struct sl_model_listener *l)
{
	str_free(l->name);
	str_free(l->table);
	str_free(l->origin.file);
}

static void cluster_free(struct sl_model_cluster *c)
{
	for (size_t i = 0; i < c->n_endpoints; i++)
		str_free(c->endpoints[i].locality);
	free(c->endpoints);
	str_free(c->hash.name);
	str_free(c->hash.cookie_path);
	str_free(c->check.path);
	str_free(c->check.host);
	str_free(c->name);
	str_free(c->fqdn);
	str_free(c->subset);
	str_free(c->type);
	str_free(c->dest_rule);
	str_free(c->origin.file);
}

static void service_free(struct sl_model_service *s)
{
	str_free(s->name);
	str_free(s->listener);
	str_free(s->cluster);
	str_free(s->origin.file);
	free(s->sources);
}

void sl_model_free(struct sl_model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->n_tables; i++)
		table_free(&model->tables[i]);
	for (size_t i = 0; i < model->n_listeners; i++)
		listener_free(&model->listeners[i]);
	for (size_t i = 0; i < model->n_clusters; i++)
		cluster_free(&model->clusters[i]);
	for (size_t i = 0; i < model->n_services; i++)
		service_free(&model->services[i]);
	str_free(model->locality);
	free(model->tables);
	free(model->listeners);
	free(model->clusters);
	free(model->services);
	free(model);
}

/* Names a fresh element; taken back out of its array when there is no memory for the name. */
static bool named(char **field, const char *name, size_t *n)
{
	*field = empty;
	if (sl_model_set(field, name) == 0)
		return true;
	--*n;
	return false;
}

struct sl_model_table *sl_model_table_add(struct sl_model *model, const char *name)
{
	struct sl_model_table *t = append(&model->tables, &model->n_tables, sizeof(*t));

	return t && named(&t->name, name, &model->n_tables) ? t : NULL;
}

struct sl_model_vhost *sl_model_vhost_add(struct sl_model_table *table, const char *name)
{
	struct sl_model_vhost *v = append(&table->vhosts, &table->n_vhosts, sizeof(*v));

	if (!v || !named(&v->name, name, &table->n_vhosts))
		return NULL;
	v->origin.file = empty;
	return v;
}

int sl_model_domain_add(struct sl_model_vhost *vhost, const char *domain)
{
	char **d = append(&vhost->domains, &vhost->n_domains, sizeof(*d));

	return d && named(d, domain, &vhost->n_domains) ? 0 : -ENOMEM;
}

struct sl_model_route *sl_model_route_add(struct sl_model_vhost *vhost)
{
	struct sl_model_route *r = append(&vhost->routes, &vhost->n_routes, sizeof(*r));

	if (!r)
		return NULL;
	r->name = r->virtual_service = r->origin.file = r->path = empty;
	r->stat_prefix = r->rewrite_to = r->rewrite_authority = empty;
	r->rewrite_regex = r->redirect_scheme = empty;
	r->redirect_authority = r->redirect_path = r->direct_body = empty;
	r->retry_on = SL_RETRY_DEFAULT;
	r->cors.methods = r->cors.headers = r->cors.expose = r->cors.max_age = empty;
	return r;
}

struct sl_model_cond *sl_model_cond_add(struct sl_model_route *route, enum sl_cond_on on,
					enum sl_text_match match, const char *name,
					const char *text)
{
	struct sl_model_cond *c = append(&route->conds, &route->n_conds, sizeof(*c));

	if (!c)
		return NULL;
	c->on = on;
	c->match = match;
	c->text = empty;
	if (!named(&c->name, name, &route->n_conds))
		return NULL;
	if (sl_model_set(&c->text, text) == 0)
		return c;
	str_free(c->name);
	--route->n_conds;
	return NULL;
}

int sl_model_weight_add(struct sl_model_route *route, const char *cluster, uint32_t weight)
{
	struct sl_model_weight *w = append(&route->weights, &route->n_weights, sizeof(*w));

	if (!w || !named(&w->cluster, cluster, &route->n_weights))
		return -ENOMEM;
	w->weight = weight;
	w->authority = empty;
	return 0;
}

int sl_model_mirror_add(struct sl_model_route *route, const char *cluster, uint32_t ppm)
{
	struct sl_model_mirror *m = append(&route->mirrors, &route->n_mirrors, sizeof(*m));

	if (!m || !named(&m->cluster, cluster, &route->n_mirrors))
		return -ENOMEM;
	m->ppm = ppm;
	return 0;
}

int sl_model_header_add(struct sl_model_header **headers, size_t *n, enum sl_header_op op,
			bool response, const char *name, const char *value)
{
	struct sl_model_header *h = append(headers, n, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->op = op;
	h->response = response;
	h->value = empty;
	if (!named(&h->name, name, n))
		return -ENOMEM;
	return sl_model_set(&h->value, value);
}

bool sl_model_header_fixed(const char *name)
{
	static const char *const fixed[] = {"connection", "content-length",   "host",
					    "keep-alive", "proxy-connection", "te",
					    "trailer",    "upgrade",          "transfer-encoding"};

	for (size_t i = 0; i < SL_ARRAY_LEN(fixed); i++)
		if (strcmp(name, fixed[i]) == 0)
			return true;
	return false;
}

int sl_model_cors_origin_add(struct sl_model_cors *cors, enum sl_text_match match, const char *text)
{
	struct sl_model_origin_match *o = append(&cors->origins, &cors->n_origins, sizeof(*o));

	if (!o || !named(&o->text, text, &cors->n_origins))
		return -ENOMEM;
	o->match = match;
	return 0;
}

struct sl_model_listener *sl_model_listener_add(struct sl_model *model, const char *name)
{
	struct sl_model_listener *l = append(&model->listeners, &model->n_listeners, sizeof(*l));

	if (!l || !named(&l->name, name, &model->n_listeners))
		return NULL;
	l->table = l->origin.file = empty;
	return l;
}

struct sl_model_cluster *sl_model_cluster_add(struct sl_model *model, const char *name)
{
	struct sl_model_cluster *c = append(&model->clusters, &model->n_clusters, sizeof(*c));

	if (!c || !named(&c->name, name, &model->n_clusters))
		return NULL;
	c->fqdn = c->subset = c->type = c->dest_rule = c->origin.file = empty;
	c->hash.name = c->hash.cookie_path = c->check.path = c->check.host = empty;
	c->connect_timeout_ms = SL_MODEL_CONNECT_TIMEOUT_MS;
	c->panic_percent = SL_MODEL_PANIC_PERCENT;
	c->limits.max_connections = c->limits.max_pending = SL_NO_LIMIT;
	c->limits.max_requests = c->limits.max_retries = SL_NO_LIMIT;
	return c;
}

struct sl_model_outlier sl_model_outlier_default(void)
{
	return (struct sl_model_outlier){
		.on = true,
		.consecutive_5xx = 5,
		.interval_ms = 10000,
		.base_ejection_ms = 30000,
		.max_ejection_ms = 300000,
		.max_ejection_percent = 10,
	};
}

struct sl_model_endpoint *sl_model_endpoint_add(struct sl_model_cluster *cluster)
{
	struct sl_model_endpoint *e =
		append(&cluster->endpoints, &cluster->n_endpoints, sizeof(*e));

	if (e) {
		e->weight = 1;
		e->locality = empty;
	}
	return e;
}

struct sl_prefix *sl_model_service_source_add(struct sl_model_service *service)
{
	return append(&service->sources, &service->n_sources, sizeof(*service->sources));
}

struct sl_model_service *sl_model_service_add(struct sl_model *model, const char *name)
{
	struct sl_model_service *s = append(&model->services, &model->n_services, sizeof(*s));

	if (!s || !named(&s->name, name, &model->n_services))
		return NULL;
	s->listener = s->cluster = s->origin.file = empty;
	return s;
}

struct sl_model_table *sl_model_table_find(const struct sl_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_tables; i++)
		if (strcmp(model->tables[i].name, name) == 0)
			return &model->tables[i];
	return NULL;
}

struct sl_model_listener *sl_model_listener_find(const struct sl_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_listeners; i++)
		if (strcmp(model->listeners[i].name, name) == 0)
			return &model->listeners[i];
	return NULL;
}

struct sl_model_cluster *sl_model_cluster_find(const struct sl_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_clusters; i++)
		if (strcmp(model->clusters[i].name, name) == 0)
			return &model->clusters[i];
	return NULL;
}
