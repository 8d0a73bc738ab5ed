/* SPDX-License-Identifier: Apache-2.0
 *
 * The confirmation protocol: page, agent, portal, a person, and an attacker who owns other pages, other accounts, sessions of his own
 * (even one in the person's account) and the network, but no keys. README.md says what is modelled, what isn't, and what each switch
 * shows. cmd/internal/modelcheck runs spin on all of it.
 *
 * A name made at random (request, nonce, ticket, submit token, control code) is the number of the confirmation it was made for: whoever
 * doesn't know it can't say it, and no two are equal. A statement and a signature are the number of the confirmation they speak of.
 *
 * Switches take one measure away:
 *   NO_ORIGIN   the agent takes requests from pages of any origin
 *   NO_NONCE    the portal takes any statement of its own for that account and purpose, not only the one that it issued for this request
 *   NO_ONCE     the portal judges without the conditional UPDATE and without a lease
 *   NO_PURPOSE  statements do not say what the signature is for
 *   NO_SESSION  a portal's page hands over the request that its address names, whoever's session started it
 *   NO_CODE     page and window show no control code
 *   NO_KEY      the agent takes a statement without the portal's signature
 *   NO_REQUEST  the agent takes the statement of another request than the page's
 *   NO_CONSENT  the agent signs without asking
 *   MASKED      the window masks the account's contact, so that the attacker's account looks like the person's
 * others say where the attacker stands:
 *   NEIGHBOUR   on the person's machine, with a session and a browser of his own (the loopback door is shared), instead of luring the
 *               person to pages that look like the portal's
 *   EVERYWHERE  both at once
 *   PROXY       between the person and the portal, rewriting its pages
 * ANY_START leaves the fourth claim out: that the person's own page started what is accepted.
 * REACH turns the question round: it fails where an honest run is accepted.
 */

#ifndef REQUESTS
#define REQUESTS 3            /* confirmations over all portals */
#endif
#ifndef ROUNDS
#define ROUNDS 2              /* times that the person wants to confirm */
#endif
#define WORKERS 2             /* answers that a portal judges at once */

#define FORGED REQUESTS       /* a statement that no portal signed */
#define NONE 255
#define FOREIGN 2             /* the origin of the attacker's pages; portals are 0 and 1 */
#define OWN 0                 /* the person's account */
#define OTHER 1               /* the attacker's account: it holds the person's name and number, and a contact that looks the same when masked */

#define bit(x) (1 << (x))
#define has(set, x) (set & bit(x))
#define triple(o, a, p) ((o) * 4 + (a) * 2 + (p))

#if defined(NEIGHBOUR) || defined(EVERYWHERE)
#define KNOCKS
#endif
#if !defined(NEIGHBOUR) || defined(EVERYWHERE)
#define LURES
#endif

#ifdef NO_PURPOSE
#define sayspurpose(is, wanted) true
#else
#define sayspurpose(is, wanted) (is == wanted)
#endif
#ifdef NO_CODE
#define sayscode(is, shown) true
#else
#define sayscode(is, shown) (is == shown)
#endif
#ifdef NO_REQUEST
#define samerequest(is, asked) true
#else
#define samerequest(is, asked) (is == asked)
#endif
#ifdef MASKED
#define visible(a) OWN /* as far as the person can tell */
#else
#define visible(a) (a)
#endif
#ifdef PROXY
#define address(o) (o)
#else
#define address(o) FOREIGN
#endif
#ifdef NO_KEY
#define genuine(st) true
#else
#define genuine(st) (st != FORGED)
#endif

mtype = { issued, checking, over }; /* over: confirmed, refused, cancelled or expired */

/* What the portals store: one row for each confirmation. */
byte made;
byte portal[REQUESTS], account[REQUESTS], purpose[REQUESTS], lease[REQUESTS];
mtype state[REQUESTS];
byte fetched;                 /* tickets spent */
bool outage;                  /* a check was lost already */
byte judging;                 /* answers that are looked at */

/* What the attacker knows, a bit for each confirmation. */
byte ticket, submit, statement, signature;

/* What counts, by portal, account and purpose. */
byte consents[8];             /* given, and not yet used up by an acceptance */
byte unused;                  /* consents not yet used up by a signature */
#ifndef ANY_START
byte begun;                   /* by the person's own page, a bit for each confirmation */
#endif

chan door = [0] of { byte, byte, byte, byte };  /* sender's origin, portal, request with its ticket, purpose */
chan window = [0] of { byte, byte, byte, byte }; /* portal, purpose, account, control code */
chan answer = [0] of { bool };

/* start is the portal's Start: older open confirmations of the account are cancelled; none is made while one is being judged. */
inline start(o, a, p, r) {
	d_step {
		r = made;
		i = 0;
		do
		:: i < made ->
			if
			:: portal[i] == o && account[i] == a && state[i] == checking -> r = NONE
			:: else
			fi;
			i++
		:: else -> break
		od;
		if
		:: made == REQUESTS -> r = NONE
		:: else
		fi;
		if
		:: r != NONE ->
			i = 0;
			do
			:: i < made ->
				if
				:: portal[i] == o && account[i] == a && state[i] == issued -> state[i] = over
				:: else
				fi;
				i++
			:: else -> break
			od;
			portal[r] = o; account[r] = a; purpose[r] = p; state[r] = issued;
			made++
		:: else
		fi;
		i = 0
	}
}

#define fetchable(r) (r < made && state[r] == issued && !has(fetched, r))

/* spend is the portal's TakeTicket. The attacker owns the network (a proxy that opens TLS): he reads what goes by. */
inline spend(r) {
	fetched = fetched | bit(r);
	submit = submit | bit(r);
	statement = statement | bit(r)
}

/* any picks a confirmation from a set that has one. */
inline any(set, x) {
	if
	:: has(set, 0) -> x = 0
	:: has(set, 1) -> x = 1
	:: has(set, 2) -> x = 2
	:: has(set, 3) -> x = 3
	fi
}

/* The person wants something, looks at a page, and answers the agent's window. He compares what the window says with what he wants, the account
 * with his own, and the code with the one on the page before him. He doesn't look at addresses. */
active proctype Person() {
	byte round, o, p, shown, from, to, request, what, wo, wp, wa, wc, i;
	bool handed;
	do
	:: round < ROUNDS ->
		atomic {
			handed = false;
			if
			:: true /* the first time it is portal 0 and purpose 0: both kinds are alike, so these are names */
			:: round > 0 -> o = 1
			fi;
			if
			:: true
			:: round > 0 -> p = 1
			fi;
			if
			:: /* the portal's own page; a link of the attacker may have chosen another purpose on it */
				if :: what = p :: what = 1 - p fi;
				start(o, OWN, what, request);
				from = o; to = o; shown = request;
				if
				:: request == NONE -> handed = true
				:: else ->
#ifndef ANY_START
					begun = begun | bit(request);
#endif
					printf("MSC: person: wants purpose %d at portal %d; its page starts request %d for purpose %d\n", p, o, request, what)
				fi
#ifdef LURES
			:: ticket != 0 -> /* a page that looks like the portal's and shows what the attacker saw on his own */
				any(ticket, request);
				from = address(portal[request]); to = portal[request]; what = purpose[request]; shown = request;
				printf("MSC: person: wants purpose %d at portal %d and is on the attacker's page, which shows the code of request %d\n", p, o, request)
#endif
#ifdef NO_SESSION
			:: ticket != 0 -> /* a link of the attacker to the portal's own page of the attacker's request */
				any(ticket, request);
				from = portal[request]; to = from; what = purpose[request]; shown = request;
				printf("MSC: person: wants purpose %d at portal %d and follows a link to the page of request %d\n", p, o, request)
#endif
			fi
		}
		do
		:: atomic { !handed -> door!from, to, request, what -> handed = true }
		:: window?wo, wp, wa, wc ->
			atomic {
				if
				:: wo == o && wa == OWN && sayspurpose(wp, p) && sayscode(wc, shown) ->
					consents[triple(o, OWN, p)]++;
					unused++;
					printf("MSC: person: consents\n");
					answer!true;
					break
				:: else -> answer!false
				fi
			}
		:: break /* he goes away, or the page says that it failed */
		od;
		atomic { round++; o = 0; p = 0; shown = 0; from = 0; to = 0; request = 0; what = 0; wo = 0; wp = 0; wa = 0; wc = 0; handed = false }
	:: window?_, _, _, _ -> answer!false /* he asked for nothing */
	od
}

/* The agent: one request at a time, from door to delivery. */
active proctype Agent() {
	byte sender, o, r, m, st, so, sr, sp, sa, sc;
	bool yes;
end:
	do
	:: atomic { door?sender, o, r, m ->
			printf("MSC: agent: request %d of portal %d from a page of origin %d\n", r, o, sender);
			st = NONE;
			if
#ifndef NO_ORIGIN
			:: sender != o -> skip /* agent.origin, agent.portal_unknown */
			:: sender == o ->
#else
			:: true ->
#endif
				ticket = ticket | bit(r); /* it goes over the network */
				if
				:: fetchable(r) && portal[r] == o -> spend(r); st = r; printf("MSC: agent: fetches statement %d\n", r)
				:: statement != 0 -> any(statement, st); printf("MSC: network: gives statement %d for request %d\n", st, r)
				:: st = FORGED; printf("MSC: network: forges a statement for request %d\n", r)
				:: true /* nothing comes */
				fi
			fi;
			if
			:: st == NONE -> sr = NONE
			:: st == FORGED -> so = o; sr = r; sc = r; sa = OWN; if :: sp = 0 :: sp = 1 fi
			:: else -> so = portal[st]; sr = st; sp = purpose[st]; sa = visible(account[st]); sc = st
			fi;
			if
			:: samerequest(sr, r) && so == o && genuine(st) && sayspurpose(sp, m) ->
				printf("MSC: agent: statement %d is for purpose %d at portal %d\n", st, sp, so)
			:: else -> st = NONE
			fi
		}
		if
		:: st != NONE ->
#ifndef NO_CONSENT
			printf("MSC: agent: shows portal %d, purpose %d, code %d\n", so, sp, sc);
			window!so, sp, sa, sc;
			answer?yes;
#else
			yes = true;
#endif
			if
			:: yes ->
				atomic {
					printf("MSC: agent: signs statement %d\n", st);
					assert(unused > 0);  /* nothing is signed without a consent */
					assert(st != FORGED);   /* nothing is signed that no portal asked for */
					unused--;
					signature = signature | bit(st)
				}
			:: else
			fi
		:: else
		fi;
		atomic { sender = 0; o = 0; r = 0; m = 0; st = 0; so = 0; sr = 0; sp = 0; sa = 0; sc = 0; yes = false }
	od
}

#ifdef NO_ONCE
#define claimable(r) true
#define held(r) true
#else
#define claimable(r) (state[r] == issued)
#define held(r) (state[r] == checking && lease[r] == _pid)
#endif
#define FIRST 2 /* process number of the first worker */

/* same is whether the statement inside signature c is the one that request r wants. */
#ifdef NO_NONCE
#define same(r, c) (portal[c] == portal[r] && account[c] == account[r] && purpose[c] == purpose[r])
#else
#define same(r, c) (c == r)
#endif

/* A portal judges answers: claim, look, finish. Both conditions stand in the UPDATEs. What it is given comes over the network, so it may be any
 * signature under any submit token that went by: the agent's own answer is one of them. The signer is the person, whose number both accounts hold. */
active [WORKERS] proctype Worker() {
	byte r, c;
end:
	do
	:: atomic { submit != 0 && signature != 0 && (_pid == FIRST || judging != 0) ->
			any(submit, r); any(signature, c);
			if
			:: claimable(r) ->
				state[r] = checking; lease[r] = _pid; judging++
			:: else -> r = 0; c = 0; goto end
			fi }
		atomic {
			judging--;
			if
			:: held(r) ->
				lease[r] = 0;
				if
				:: same(r, c) ->
					state[r] = over;
					printf("MSC: portal %d: accepts request %d of account %d for purpose %d by the signature on statement %d\n", portal[r], r, account[r], purpose[r], c);
#ifdef REACH
					assert(!(account[r] == OWN && c == r));
#endif
					/* every acceptance has a consent of its own */
					assert(consents[triple(portal[r], account[r], purpose[r])] > 0);
					consents[triple(portal[r], account[r], purpose[r])]--;
#ifndef ANY_START
					assert(has(begun, r)) /* and was started by the person's own page */
#endif
				:: else -> state[r] = over /* refused */
				fi
			:: else /* the lease was lost: another's now */
			fi;
			r = 0; c = 0 }
	:: atomic { !outage && made > 0 && _pid == FIRST -> /* a check is lost: the sweeper gives the request back */
			do
			:: r < made && state[r] != checking -> r++
			:: r < made && state[r] == checking -> break
			:: r < made && state[r] == checking -> r++ /* or a later one */
			:: r == made -> r = 0; goto end
			od;
			state[r] = issued; lease[r] = 0; outage = true; r = 0 }
	od
}

/* The attacker. */
active proctype Attacker() {
	byte o, a, p, r, i;
end:
	do
	:: atomic { made < REQUESTS -> /* a session of his own: in his account, or in the person's with a stolen password */
			if :: o = 0 :: o = 1 fi;
			if :: a = OWN :: a = OTHER fi;
			if :: p = 0 :: p = 1 fi;
			start(o, a, p, r);
			if
			:: r != NONE -> ticket = ticket | bit(r); printf("MSC: attacker: starts request %d of account %d for purpose %d at portal %d\n", r, a, p, o)
			:: else
			fi;
			o = 0; a = 0; p = 0; r = 0 }
	:: atomic { ticket != 0 -> any(ticket, r);
			if
			:: fetchable(r) -> spend(r); printf("MSC: attacker: fetches statement %d\n", r)
			:: else
			fi;
			r = 0 }
#ifdef KNOCKS
	:: atomic { ticket != 0 -> any(ticket, r); door!portal[r], portal[r], r, purpose[r] -> /* the portal's own page in his session, at the shared door */
			r = 0 }
#endif
	od
}
