/* SPDX-License-Identifier: BSD-3-Clause */
/* Validates a mapped snapshot, so that no reader behind it has to check a bound again. */
#include <errno.h>
#include <netinet/in.h>

#include "sl_http.h"
#include "sl_match.h"
#include "snap.h"

bool snap_span_ok(const struct sl_snap *s, struct sl_span span, enum sl_snap_tab tab)
{
	return span.first <= s->tab[tab].n && span.n <= s->tab[tab].n - span.first;
}

bool snap_ref_ok(const struct sl_snap *s, struct sl_ref ref)
{
	uint32_t n = s->tab[SL_SNAP_STRINGS].n;
	const char *heap = (const char *)s + s->tab[SL_SNAP_STRINGS].off;

	return ref.off < n && ref.len < n - ref.off && heap[ref.off + ref.len] == '\0';
}

bool snap_route_ref_ok(const struct sl_snap *s, struct sl_ref ref)
{
	/* The heap begins before routes_end (order_ok), and ends there or behind it. */
	return snap_ref_ok(s, ref) &&
	       (uint64_t)ref.off + ref.len < s->routes_end - s->tab[SL_SNAP_STRINGS].off;
}

static bool row_ok(const struct sl_snap *s, uint32_t row, enum sl_snap_tab tab)
{
	return row < s->tab[tab].n;
}

static bool row_or_none_ok(const struct sl_snap *s, uint32_t row, enum sl_snap_tab tab)
{
	return row == SL_SNAP_NONE || row_ok(s, row, tab);
}

bool snap_slot_ok(const struct sl_snap *s, const struct sl_slot *slot)
{
	return slot->index != SL_SNAP_NONE && slot->born && slot->born <= s->epoch;
}

/* One row checker a table: whether every reference of the row stays inside. */

static bool check_listener(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_listener *l = sl_snap_listener(s, row);

	return snap_route_ref_ok(s, l->name) && row_ok(s, l->table, SL_SNAP_TABLES) &&
	       l->n_proxy_from <= SL_MODEL_SOURCES_MAX && l->path_normalize <= SL_HTTP_NORM_MERGE &&
	       l->path_slashes <= SL_HTTP_SLASHES_REDIRECT &&
	       l->trailers <= SL_HTTP_TRAILERS_FORWARD && l->relay <= 1 &&
	       snap_slot_ok(s, &l->slot);
}

/* The buckets of all tables follow one another (see weights_ok); at most half are in use. */
static bool host_index_ok(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_table *t = sl_snap_table(s, row);
	uint32_t first = row ? t[-1].host_index.first + t[-1].host_index.n : 0, used = 0;

	if (t->host_index.first != first || !snap_span_ok(s, t->host_index, SL_SNAP_HOST_INDEX) ||
	    (t->host_index.n & (t->host_index.n - 1)))
		return false;
	for (uint32_t i = 0; i < t->host_index.n; i++) {
		uint32_t domain = snap_host_index(s)[first + i];

		if (domain == SL_SNAP_NONE)
			continue;
		used++;
		if (domain < t->domains.first || domain - t->domains.first >= t->domains.n)
			return false;
	}
	return used <= t->host_index.n / 2; /* none in none */
}

static bool check_table(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_table *t = sl_snap_table(s, row);

	return snap_route_ref_ok(s, t->name) && snap_span_ok(s, t->vhosts, SL_SNAP_VHOSTS) &&
	       snap_span_ok(s, t->domains, SL_SNAP_DOMAINS) && host_index_ok(s, row);
}

static bool check_domain(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_domain *d = sl_snap_domain(s, row);

	return snap_route_ref_ok(s, d->name) && row_ok(s, d->vhost, SL_SNAP_VHOSTS);
}

/* Ids of a database and the links of chains are offsets into a virtual host's routes. */
static bool chains_ok(const struct sl_snap *s, const struct sl_snap_vhost *v)
{
	for (uint32_t i = 0; i < v->routes.n; i++) {
		const struct sl_snap_route *r = sl_snap_route(s, v->routes.first + i);

		/* Forward only: a walk ends. */
		if (r->head > i ||
		    (r->next != SL_SNAP_NONE && (r->next <= i || r->next >= v->routes.n)))
			return false;
	}
	return v->root_route == SL_SNAP_NONE || v->root_route < v->routes.n;
}

/* The routes of all virtual hosts follow one another, as weights do (see below). */
static bool check_vhost(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_vhost *v = sl_snap_vhost(s, row);
	uint32_t first = row ? v[-1].routes.first + v[-1].routes.n : 0;

	return snap_route_ref_ok(s, v->name) && v->routes.first == first &&
	       snap_span_ok(s, v->routes, SL_SNAP_ROUTES) &&
	       snap_span_ok(s, v->names, SL_SNAP_NAMES) && chains_ok(s, v);
}

static bool check_name(const struct sl_snap *s, uint32_t row)
{
	return snap_route_ref_ok(s, *sl_snap_name(s, row));
}

/*
 * A forwarding route picks a cluster by a number below weight_sum. The spans of all routes follow
 * one another: overlapping ones would make this check take for ever.
 */
static bool weights_ok(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_route *r = sl_snap_route(s, row);
	uint32_t first = row ? r[-1].weights.first + r[-1].weights.n : 0;
	uint64_t sum = 0;

	if (r->weights.first != first || !snap_span_ok(s, r->weights, SL_SNAP_WEIGHTS))
		return false;
	for (uint32_t i = 0; i < r->weights.n; i++)
		sum += sl_snap_weight(s, first + i)->weight;
	return sum == r->weight_sum && (sum > 0 || r->action != SL_ROUTE_FORWARD);
}

static bool conds_ok(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_route *r = sl_snap_route(s, row);
	uint32_t first = row ? r[-1].conds.first + r[-1].conds.n : 0;

	return r->conds.first == first && snap_span_ok(s, r->conds, SL_SNAP_CONDS);
}

static bool cond_ok(const struct sl_snap *s, const struct sl_snap_cond *c)
{
	return snap_route_ref_ok(s, c->name) && snap_route_ref_ok(s, c->text) &&
	       c->on <= SL_ON_QUERY && c->match <= SL_TEXT_REGEX && c->invert <= 1 &&
	       (c->match == SL_TEXT_REGEX) == (c->regex_db.len > 0);
}

static bool check_cond(const struct sl_snap *s, uint32_t row)
{
	return cond_ok(s, sl_snap_cond(s, row));
}

static bool check_origin(const struct sl_snap *s, uint32_t row)
{
	return cond_ok(s, sl_snap_origin(s, row));
}

static bool check_change(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_change *c = sl_snap_change(s, row);

	return snap_route_ref_ok(s, c->name) && snap_route_ref_ok(s, c->value) && c->put <= 1 &&
	       c->response <= 1;
}

static bool check_cors(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_cors *c = sl_snap_cors(s, row);

	return snap_route_ref_ok(s, c->methods) && snap_route_ref_ok(s, c->headers) &&
	       snap_route_ref_ok(s, c->expose) && snap_route_ref_ok(s, c->max_age) &&
	       snap_span_ok(s, c->origins, SL_SNAP_ORIGINS);
}

static bool action_ok(const struct sl_snap *s, const struct sl_snap_route *r)
{
	if (r->action > SL_ROUTE_DIRECT || r->fault_no_backend > 1 ||
	    r->rewrite > SL_REWRITE_REGEX || r->redirect_rewrite > SL_REWRITE_REGEX ||
	    (r->rewrite == SL_REWRITE_PREFIX && r->match != SL_PATH_PREFIX) ||
	    (r->rewrite == SL_REWRITE_ELEMENTS && r->match != SL_PATH_ELEMENTS))
		return false;
	return snap_span_ok(s, r->changes, SL_SNAP_CHANGES) &&
	       row_or_none_ok(s, r->cors, SL_SNAP_CORS);
}

static bool check_route(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_route *r = sl_snap_route(s, row);
	const struct sl_ref refs[] = {r->name,          r->virtual_service,   r->path,
				      r->rewrite_to,    r->rewrite_authority, r->redirect_authority,
				      r->redirect_path, r->direct_body,       r->slot_name,
				      r->rewrite_regex, r->redirect_scheme};

	for (size_t i = 0; i < SL_ARRAY_LEN(refs); i++)
		if (!snap_route_ref_ok(s, refs[i]))
			return false;
	return r->match <= SL_PATH_ELEMENTS && conds_ok(s, row) && action_ok(s, r) &&
	       weights_ok(s, row) && snap_span_ok(s, r->mirrors, SL_SNAP_MIRRORS) &&
	       r->mirrors.n <= SL_MODEL_MIRRORS_MAX && snap_slot_ok(s, &r->slot);
}

static bool check_weight(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_weight *w = sl_snap_weight(s, row);

	return row_ok(s, w->cluster, SL_SNAP_CLUSTERS) && snap_route_ref_ok(s, w->authority) &&
	       snap_span_ok(s, w->changes, SL_SNAP_CHANGES);
}

static bool check_mirror(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_mirror *m = sl_snap_mirror(s, row);

	return row_ok(s, m->cluster, SL_SNAP_CLUSTERS) && m->ppm <= SL_MODEL_PPM;
}

static bool check_service(const struct sl_snap *s, uint32_t row)
{
	const struct sl_snap_service *v = sl_snap_service(s, row);

	return snap_ref_ok(s, v->name) && snap_ref_ok(s, v->slot_name) &&
	       (v->proto == IPPROTO_TCP || v->proto == IPPROTO_UDP) && v->kind <= SL_SVC_NATIVE &&
	       row_or_none_ok(s, v->listener, SL_SNAP_LISTENERS) &&
	       row_or_none_ok(s, v->cluster, SL_SNAP_CLUSTERS) && snap_slot_ok(s, &v->slot) &&
	       v->port <= v->port_last && snap_span_ok(s, v->sources, SL_SNAP_PREFIXES);
}

static bool check_prefix(const struct sl_snap *s, uint32_t row)
{
	return sl_snap_prefix(s, row)->len <= 128;
}

static bool check_bucket(const struct sl_snap *s, uint32_t row)
{
	return row_or_none_ok(s, snap_service_index(s)[row], SL_SNAP_SERVICES);
}

static const struct {
	const char *name;
	bool (*check)(const struct sl_snap *s, uint32_t row);
} tables[SL_SNAP_TABS] = {
	[SL_SNAP_LISTENERS] = {"listeners", check_listener},
	[SL_SNAP_TABLES] = {"tables", check_table},
	[SL_SNAP_DOMAINS] = {"domains", check_domain},
	[SL_SNAP_VHOSTS] = {"virtual hosts", check_vhost},
	[SL_SNAP_NAMES] = {"names", check_name},
	[SL_SNAP_ROUTES] = {"routes", check_route},
	[SL_SNAP_CONDS] = {"conditions", check_cond},
	[SL_SNAP_CHANGES] = {"header changes", check_change},
	[SL_SNAP_CORS] = {"CORS policies", check_cors},
	[SL_SNAP_ORIGINS] = {"origins", check_origin},
	[SL_SNAP_WEIGHTS] = {"weights", check_weight},
	[SL_SNAP_MIRRORS] = {"mirrors", check_mirror},
	[SL_SNAP_CLUSTERS] = {"clusters", snap_check_cluster},
	[SL_SNAP_ENDPOINTS] = {"endpoints", snap_check_endpoint},
	[SL_SNAP_LEVELS] = {"levels", snap_check_level},
	[SL_SNAP_RINGS] = {"rings", snap_check_ring},
	[SL_SNAP_POINTS] = {"points", NULL},
	[SL_SNAP_MAGLEV] = {"maglev", NULL},
	[SL_SNAP_SERVICES] = {"services", check_service},
	[SL_SNAP_SERVICE_INDEX] = {"service index", check_bucket},
	[SL_SNAP_DIRECT] = {"direct endpoints", NULL},
	[SL_SNAP_PREFIXES] = {"prefixes", check_prefix},
	[SL_SNAP_HOST_INDEX] = {"host index", NULL},
	[SL_SNAP_BLOBS] = {"databases", NULL},
	[SL_SNAP_STRINGS] = {"strings", NULL},
};

/* The service index must be a power of two and at most half full, or a probe would never end. */
static bool index_ok(const struct sl_snap *s)
{
	uint32_t n = s->tab[SL_SNAP_SERVICE_INDEX].n, used = 0;

	if (n == 0 || (n & (n - 1)))
		return false;
	for (uint32_t i = 0; i < n; i++)
		used += snap_service_index(s)[i] != SL_SNAP_NONE;
	return used <= n / 2;
}

static bool direct_ok(const struct sl_snap *s)
{
	uint32_t n = s->tab[SL_SNAP_DIRECT].n, used = 0;

	for (uint32_t i = 0; i < n; i++)
		used += sl_snap_direct(s, i)->proto != 0;
	return n == 0 || ((n & (n - 1)) == 0 && used <= n / 2);
}

int snap_check_kind(const struct sl_snap *head, struct sl_err *err)
{
	if (head->magic != SL_SNAP_MAGIC)
		return sl_err(err, EBADMSG, "not a snapshot");
	if (head->version != SL_SNAP_VERSION || head->layout != snap_layout())
		return sl_err(err, EPROTO,
			      "snapshot of layout %u/%08x, this program reads %u/%08x: start the "
			      "same version of every program",
			      head->version, head->layout, SL_SNAP_VERSION, snap_layout());
	return 0;
}

/* What belongs to routes lies on their pages, everything else elsewhere. */
static bool place_ok(const struct sl_snap *s, unsigned int at)
{
	enum sl_snap_tab tab = snap_order[at];
	uint64_t off = s->tab[tab].off, end;

	if (s->tab[tab].size != snap_row_size[tab] || off % SNAP_ALIGN || off < SL_SNAP_PAGE ||
	    off > s->size)
		return false;
	/* n and size are 32 bits: their product does not overflow. */
	end = off + (uint64_t)s->tab[tab].n * snap_row_size[tab];
	if (at < SNAP_OF_ROUTES)
		return end <= s->routes_end;
	if (tab == SL_SNAP_STRINGS)
		return off < s->routes_end && end >= s->routes_end && end <= s->size;
	return off >= s->routes_end && end <= s->size;
}

static int check_header(const struct sl_snap *s, size_t size, struct sl_err *err)
{
	int rc;

	if ((uintptr_t)s % SNAP_ALIGN || size < SL_SNAP_PAGE)
		return sl_err(err, EBADMSG, "not a snapshot");
	rc = snap_check_kind(s, err);
	if (rc)
		return rc;
	if (s->size < SL_SNAP_PAGE || s->size > size || s->routes_end <= SL_SNAP_PAGE ||
	    s->routes_end % SL_SNAP_PAGE || s->routes_end > s->size)
		return sl_err(err, EBADMSG, "snapshot is cut off");
	if (s->crc != snap_crc(s))
		return sl_err(err, EBADMSG, "snapshot is damaged");
	if (s->base == 0 || s->base > s->epoch)
		return sl_err(err, EBADMSG, "snapshot of epoch %llu has routes of %llu",
			      (unsigned long long)s->epoch, (unsigned long long)s->base);
	for (unsigned int i = 0; i < SL_SNAP_TABS; i++)
		if (!place_ok(s, i))
			return sl_err(err, EBADMSG, "snapshot's table of %s is out of bounds",
				      tables[snap_order[i]].name);
	return 0;
}

/* Databases found good so far: equal virtual hosts share one, and each is read whole. */
#define SEEN 256

static int check_blob(const struct sl_snap *s, struct sl_blob blob, struct sl_blob *seen,
		      struct sl_err *err)
{
	uint64_t n = s->tab[SL_SNAP_BLOBS].n;
	struct sl_blob *was = &seen[blob.off / SNAP_ALIGN * 0x9e3779b9 / 4096 % SEEN];
	int rc;

	if (blob.len == 0 || (was->off == blob.off && was->len == blob.len))
		return 0;
	if (blob.off % SNAP_ALIGN || blob.off > n || blob.len > n - blob.off)
		return sl_err(err, EBADMSG, "a database lies outside its table");
	rc = sl_match_check(sl_snap_blob(s, blob), blob.len, blob.off, err);
	if (!rc)
		*was = blob;
	return rc;
}

static int check_databases(const struct sl_snap *s, struct sl_err *err)
{
	struct sl_blob seen[SEEN] = {{0, 0}};
	struct sl_err why = {""};

	for (uint32_t i = 0; i < s->tab[SL_SNAP_TABLES].n; i++) {
		int rc = check_blob(s, sl_snap_table(s, i)->hosts_db, seen, &why);

		if (rc)
			return sl_err(err, -rc, "snapshot's route table %u: %s", i, why.text);
	}
	for (uint32_t i = 0; i < s->tab[SL_SNAP_VHOSTS].n; i++) {
		int rc = check_blob(s, sl_snap_vhost(s, i)->paths_db, seen, &why);

		if (rc)
			return sl_err(err, -rc, "snapshot's virtual host %u: %s", i, why.text);
	}
	for (uint32_t i = 0; i < s->tab[SL_SNAP_CONDS].n; i++) {
		int rc = check_blob(s, sl_snap_cond(s, i)->regex_db, seen, &why);

		if (rc)
			return sl_err(err, -rc, "snapshot's condition %u: %s", i, why.text);
	}
	for (uint32_t i = 0; i < s->tab[SL_SNAP_ORIGINS].n; i++) {
		int rc = check_blob(s, sl_snap_origin(s, i)->regex_db, seen, &why);

		if (rc)
			return sl_err(err, -rc, "snapshot's origin %u: %s", i, why.text);
	}
	return 0;
}

/* The rows of the tables from snap_order[first] on. */
static int check_rows(const struct sl_snap *s, unsigned int first, struct sl_err *err)
{
	for (unsigned int i = first; i < SL_SNAP_TABS; i++) {
		enum sl_snap_tab tab = snap_order[i];

		for (uint32_t row = 0; tables[tab].check && row < s->tab[tab].n; row++)
			if (!tables[tab].check(s, row))
				return sl_err(err, EBADMSG,
					      "snapshot's %s, row %u: a reference or number is out "
					      "of bounds",
					      tables[tab].name, row);
	}
	if (!index_ok(s))
		return sl_err(err, EBADMSG, "snapshot's service index is unusable");
	if (!direct_ok(s))
		return sl_err(err, EBADMSG, "snapshot's table of direct endpoints is unusable");
	return 0;
}

int sl_snap_check(const struct sl_snap *snap, size_t size, struct sl_err *err)
{
	int rc = check_header(snap, size, err);

	if (!rc && snap->routes_crc != snap_routes_crc(snap))
		rc = sl_err(err, EBADMSG, "snapshot is damaged");
	if (!rc)
		rc = check_rows(snap, 0, err);
	return rc ? rc : check_databases(snap, err);
}

int snap_check_patch(const struct sl_snap *snap, size_t size, const struct sl_snap *have,
		     struct sl_err *err)
{
	int rc = check_header(snap, size, err);
	bool same = !rc && snap->epoch >= have->epoch &&
		    snap->tab[SL_SNAP_STRINGS].off == have->tab[SL_SNAP_STRINGS].off &&
		    snap->tab[SL_SNAP_CLUSTERS].n == have->tab[SL_SNAP_CLUSTERS].n;

	/* Routes refer to one another, to their strings, and to clusters by row. */
	for (unsigned int i = 0; same && i < SNAP_OF_ROUTES; i++)
		same = memcmp(&snap->tab[snap_order[i]], &have->tab[snap_order[i]],
			      sizeof(snap->tab[0])) == 0;
	if (!rc && !same)
		rc = sl_err(err, EBADMSG, "snapshot does not fit the routes of epoch %llu",
			    (unsigned long long)snap->base);
	return rc ? rc : check_rows(snap, SNAP_OF_ROUTES, err);
}
