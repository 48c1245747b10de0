/* SPDX-License-Identifier: BSD-3-Clause */
/* A candidate configuration from its parts to its place: prepared aside, taken over as a whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compile.h"
#include "control.h"
#include "objset.h"

static void change_drop(struct control *c)
{
	struct change *ch = &c->change;

	state_abort(ch->state);
	sl_conf_free(ch->conf);
	sl_objects_free(ch->manifests);
	sl_objects_free(ch->applied);
	sl_objects_free(ch->objects);
	snapfile_close(&ch->snap);
	json_decref(ch->waiter.answer);
	*ch = (struct change){0};
}

#define TAKE(member, free_fn)                   \
	do {                                    \
		if (ch->member != NULL) {       \
			free_fn(c->member);     \
			c->member = ch->member; \
			ch->member = NULL;      \
		}                               \
	} while (0)

static void change_take(struct control *c)
{
	struct change *ch = &c->change;
	struct sl_err err;

	if (ch->state != NULL && state_commit(ch->state, &err) < 0)
		sl_log(SL_LOG_ERROR, "The change is in use but not certain on disk: %s", err.text);
	ch->state = NULL;
	if (ch->objects != NULL)
		c->fault.text[0] = '\0';
	if (ch->manifests != NULL)
		c->source_fault.text[0] = '\0';
	if (ch->conf != NULL)
		access_log_reopen(c->log, sl_conf_control(ch->conf)->access_log);
	TAKE(conf, sl_conf_free);
	TAKE(manifests, sl_objects_free);
	TAKE(applied, sl_objects_free);
	TAKE(objects, sl_objects_free);
	if (ch->snap.map != NULL) {
		snapfile_close(&c->snap);
		c->snap = ch->snap;
		ch->snap = (struct snapfile){0};
	}
}

/* Answers whoever waits and makes room for the next change. */
static void finish(struct control *c, int code, const char *text)
{
	struct waiter w = c->change.waiter;
	json_t *answer;

	c->change.waiter = (struct waiter){0};
	if (code < 0) {
		answer = server_error(code, text);
	} else {
		answer = json_incref(w.answer);
		if (text[0] != '\0')
			json_object_set_new(answer, "note", json_string(text));
		json_object_set_new(answer, "epoch", json_integer((json_int_t)c->hdr->want_epoch));
	}
	json_decref(w.answer);
	change_drop(c);
	if (w.client != 0)
		server_answer(c, w.client, answer);
	else
		json_decref(answer);
	server_resume(c);
}

void change_done(struct control *c, int code, const char *text)
{
	const char *cause = c->change.cause;
	unsigned long long epoch = c->pub.epoch;
	char sentence[640];

	if (code < 0 && code != -ETIMEDOUT) {
		if (c->change.snap.map != NULL)
			snprintf(sentence, sizeof(sentence),
				 "The data plane refused epoch %llu, nothing was changed: %s",
				 epoch, text);
		else
			snprintf(sentence, sizeof(sentence), "The data plane does not %s: %s",
				 cause, text);
		if (c->change.snap.map != NULL)
			snapfile_remove(c->dir, epoch);
		text = sentence;
		sl_log(SL_LOG_ERROR, "%s", text);
		if (c->change.manifests != NULL)
			sl_err(&c->source_fault, EINVAL, "%s", text);
		if (c->fault.text[0] != '\0')
			sl_err(&c->fault, EINVAL, "%s", text);
	} else {
		if (c->change.snap.map != NULL && code == 0)
			sl_log(SL_LOG_INFO, "Epoch %llu is %s (%s).", epoch,
			       text[0] != '\0' ? "published" : "in use", cause);
		if (text[0] != '\0')
			sl_log(SL_LOG_WARN, "%s", text);
		change_take(c);
	}
	finish(c, code, text);
}

/* Nothing to compile anew for the data plane: what it has says the same already. */
static bool in_use_already(const struct control *c)
{
	uint64_t lowest = publish_lowest_epoch(c);

	return c->snap.map != NULL && c->snap.map->epoch == c->hdr->want_epoch &&
	       lowest >= c->hdr->want_epoch;
}

/* What is no error but worth a word: to the log, and to whoever waits. */
static void warn(json_t *answer, const char *text)
{
	json_t *list = json_object_get(answer, "warnings");

	sl_log(SL_LOG_WARN, "%s", text);
	if (list == NULL) {
		list = json_array();
		json_object_set_new(answer, "warnings", list);
	}
	json_array_append_new(list, json_text(text));
}

/* Compiles the candidate and writes its snapshot; ch->snap stays empty when it says the same. */
static int prepare(struct control *c, struct sl_err *err)
{
	struct change *ch = &c->change;
	const struct sl_conf *conf = ch->conf != NULL ? ch->conf : c->conf;
	const struct sl_objects *man = ch->manifests != NULL ? ch->manifests : c->manifests;
	const struct sl_objects *app = ch->applied != NULL ? ch->applied : c->applied;
	struct sl_snap *snap;
	size_t size;
	int rc;

	publish_learn(c);
	rc = compile_merge(&ch->objects, man, app, err);
	if (rc == 0)
		rc = compile_snapshot(conf, ch->objects, c->last_epoch + 1, c->snap.map, c->cache,
				      &snap, &size, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sl_objects_warning_count(ch->objects); i++)
		warn(ch->waiter.answer, sl_objects_warning_at(ch->objects, i));
	if (c->snap.map == NULL || !in_use_already(c) || !snapfile_same(snap, c->snap.map)) {
		rc = snapfile_write(&ch->snap, c->dir, snap, size, err);
		if (rc == 0)
			c->last_epoch++;
	}
	free(snap);
	if (rc == 0 && ch->store)
		rc = state_stage(&ch->state, c->state_dir, c->applied, ch->applied, err);
	return rc;
}

int change_start(struct control *c, const char *cause, struct sl_conf *conf,
		 struct sl_objects *manifests, struct sl_objects *applied, struct waiter waiter,
		 struct sl_err *err)
{
	struct change *ch = &c->change;
	uint64_t epoch = 0;
	int rc;

	*ch = (struct change){.active = true,
			      .cause = cause,
			      .conf = conf,
			      .manifests = manifests,
			      .store = manifests == NULL,
			      .applied = applied,
			      .waiter = {waiter.client, json_incref(waiter.answer)}};
	rc = prepare(c, err);
	if (rc == 0 && ch->snap.map == NULL) {
		change_take(c);
		finish(c, 0, "");
		return 0;
	}
	if (rc == 0) {
		epoch = ch->snap.map->epoch;
		rc = publish_start(c, err);
	}
	if (rc < 0) {
		change_drop(c);
		if (epoch != 0)
			snapfile_remove(c->dir, epoch);
		return rc;
	}
	if (rc == 1) {
		c->pub.epoch = epoch;
		change_done(
			c, 0,
			"No data plane runs yet; it takes the configuration up when it starts.");
	}
	return 0;
}

/* What cannot change while control runs, because others find us by it. */
static int same_identity(const struct control *c, const struct sl_conf *conf, struct sl_err *err)
{
	const struct sl_conf_control *cc = sl_conf_control(conf);
	const char *what = NULL;

	if (strcmp(sl_conf_box(conf)->instance, c->instance) != 0)
		what = "instance";
	else if (strcmp(cc->socket, c->socket_path) != 0)
		what = "socket";
	else if (strcmp(cc->state_dir, c->state_dir) != 0)
		what = "state_dir";
	if (what == NULL)
		return 0;
	return sl_err(err, EINVAL,
		      "%s: %s cannot change while sluice-control runs; put it back, or stop "
		      "sluice-control and start it again.",
		      c->conf_path, what);
}

static int read_files(struct control *c, struct sl_conf **conf, struct sl_objects **manifests,
		      struct sl_objects **applied, struct sl_err *err)
{
	int rc = sl_conf_read(conf, c->conf_path, err);

	if (rc < 0)
		return rc;
	rc = same_identity(c, *conf, err);
	if (rc == 0)
		rc = sources_read(c->sources, *conf, manifests, err);
	if (rc == 0 && c->fault.text[0] != '\0') {
		rc = state_read(applied, c->state_dir, err);
		if (rc < 0)
			sl_objects_free(*manifests);
	}
	if (rc < 0)
		sl_conf_free(*conf);
	return rc;
}

/* Both come zeroed from the heap and are filled alike, so equal members are equal bytes. */
static bool same_bytes(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

int change_reload(struct control *c, const char *cause, struct waiter waiter, struct sl_err *err)
{
	struct sl_objects *manifests = NULL, *applied = NULL;
	struct sl_conf *conf = NULL;
	int rc = read_files(c, &conf, &manifests, &applied, err);

	if (rc < 0)
		return rc;
	if (!same_bytes(sl_conf_box(conf), sl_conf_box(c->conf), sizeof(struct sl_conf_box)))
		warn(waiter.answer,
		     "Ports, addresses, workers, limits or timeouts of sluice.conf are different "
		     "now; sluiced takes those up when it is started again.");
	return change_start(c, cause, conf, manifests, applied, waiter, err);
}

/* Said once for as long as it is the same. */
static void source_bad(struct control *c, const struct sl_err *err)
{
	if (strcmp(c->source_fault.text, err->text) != 0)
		sl_log(SL_LOG_ERROR, "Epoch %llu stays in use: %s",
		       (unsigned long long)c->hdr->want_epoch, err->text);
	c->source_fault = *err;
}

void change_sources(struct control *c)
{
	struct waiter nobody = {0, json_object()};
	struct sl_objects *manifests = NULL;
	struct sl_err err = {""};
	int rc;

	if (c->fault.text[0] != '\0') {
		rc = change_reload(c, "changed files", nobody, &err);
	} else {
		rc = sources_read(c->sources, c->conf, &manifests, &err);
		if (rc == 0)
			rc = change_start(c, "changed files", NULL, manifests, NULL, nobody, &err);
	}
	if (rc < 0)
		source_bad(c, &err);
	json_decref(nobody.answer);
}

int change_first(struct control *c, struct sl_err *err)
{
	struct waiter nobody = {0, json_object()};
	struct sl_objects *manifests = NULL, *applied = NULL;
	int rc = sources_read(c->sources, c->conf, &manifests, err);

	if (rc == 0)
		rc = state_read(&applied, c->state_dir, err);
	if (rc == 0)
		rc = change_start(c, "start", NULL, manifests, applied, nobody, err);
	else
		sl_objects_free(manifests);
	json_decref(nobody.answer);
	if (rc == 0 || c->snap.map == NULL)
		return rc;
	/* The data plane goes on with what it has; so does control, until the files are right. */
	c->fault = *err;
	sl_log(SL_LOG_ERROR, "%s", err->text);
	sl_log(SL_LOG_WARN,
	       "Epoch %llu stays in use; put the file right, then run `sluicectl reload`.",
	       (unsigned long long)c->snap.map->epoch);
	return 0;
}
