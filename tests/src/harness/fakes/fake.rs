//! Common part of all fakes: they remember, follow their scripts, and call back.
//!
//! A fake is asked over a socket or without one, and uses the machine's clock or the simulation's. A [`Courier`]
//! carries its callbacks.

use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;
use store::clock::Clock;

use super::script::{Create, Script, Step, Story, Telling};
use super::server::{Asked, Reaction, Server};
use super::vendor::{CreateOutcome, Kind, Told, Vendor};

/// Signed callback on its way.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// Function that delivers a callback and returns the status of the answer. The status is 0 if there was no answer.
pub(crate) type Courier = Arc<dyn Fn(Letter) -> BoxFuture<'static, u16> + Send + Sync>;

/// Clock, courier and defaults of a fake.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) clock: Clock,
    pub(crate) courier: Courier,
    /// Time between the steps of a call, and between the tries of a callback.
    pub(crate) pause: Duration,
    /// Script of calls to numbers without a script of their own.
    pub(crate) otherwise: Script,
}

#[derive(Default)]
struct State {
    scripts: BTreeMap<String, Script>,
    next: VecDeque<Create>,
    calls: Vec<CreateOutcome>,
    texts: Vec<CreateOutcome>,
    recordings: BTreeMap<String, String>,
    seen: Vec<(String, String)>,
    violations: Vec<String>,
    statuses: Vec<u16>,
    at_work: usize,
}

/// Fake of a vendor. Clones share one state.
pub(crate) struct Fake<V> {
    state: Arc<Mutex<State>>,
    surroundings: Arc<Surroundings>,
    base: Arc<Mutex<String>>,
    vendor: PhantomData<fn() -> V>,
}

impl<V> Clone for Fake<V> {
    fn clone(&self) -> Self {
        let (state, base) = (Arc::clone(&self.state), Arc::clone(&self.base));
        Self { state, surroundings: Arc::clone(&self.surroundings), base, vendor: PhantomData }
    }
}

/// Returns a courier that posts by HTTP, as vendors do.
fn posts() -> Courier {
    rustls::crypto::ring::default_provider().install_default().ok();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client needs nothing");
    Arc::new(move |letter| {
        let request = http.post(&letter.url).body(letter.body);
        let request = letter.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) }.boxed()
    })
}

impl<V: Vendor> Fake<V> {
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        let base = Arc::new(Mutex::new(format!("https://{}", V::HOST)));
        Self { state: Arc::default(), surroundings: Arc::new(surroundings), base, vendor: PhantomData }
    }

    /// Starts a fake with the machine's clock whose calls complete. Returns it with its server.
    pub(crate) async fn start() -> (Self, Server) {
        let otherwise = Script::of(Story::Completes);
        let surroundings = Surroundings { clock: Clock::system(), courier: posts(), pause: Duration::ZERO, otherwise };
        let fake = Self::new(surroundings);
        let server = fake.serves().await;
        (fake, server)
    }

    /// Starts a server at which the fake answers too.
    pub(crate) async fn serves(&self) -> Server {
        let answering = self.clone();
        let server = Server::start(Arc::new(move |asked| answering.clone().answer(asked).boxed())).await;
        self.base.lock().unwrap().clone_from(&server.url);
        server
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with it")
    }

    /// Sets the script of calls to a number.
    pub(crate) fn script(&self, to: &str, script: Script) {
        self.state().scripts.insert(to.to_owned(), script);
    }

    /// Sets the results of the next requests for a call or a message, one each.
    pub(crate) fn fails(&self, creates: impl IntoIterator<Item = Create>) {
        self.state().next.extend(creates);
    }

    /// Returns the calls that were made.
    pub(crate) fn calls(&self) -> Vec<CreateOutcome> {
        self.state().calls.clone()
    }

    /// Returns the calls that were made to a number.
    pub(crate) fn calls_to(&self, to: &str) -> Vec<CreateOutcome> {
        self.state().calls.iter().filter(|call| V::to(&call.asked) == to).cloned().collect()
    }

    /// Returns the SMS messages that were made.
    pub(crate) fn texts(&self) -> Vec<CreateOutcome> {
        self.state().texts.clone()
    }

    /// Returns the call with this id.
    pub(crate) fn call(&self, id: &str) -> Option<CreateOutcome> {
        self.state().calls.iter().find(|call| call.id == id).cloned()
    }

    /// Returns the SMS message with this id.
    pub(crate) fn text(&self, id: &str) -> Option<CreateOutcome> {
        self.state().texts.iter().find(|text| text.id == id).cloned()
    }

    /// Returns the number of requests with this method and a path that contains `path`.
    pub(crate) fn asked(&self, method: &str, path: &str) -> usize {
        self.state().seen.iter().filter(|(given, to)| given == method && to.contains(path)).count()
    }

    /// Returns the number of requests for a call or for a message.
    pub(crate) fn wishes(&self, kind: Kind) -> usize {
        let wish = |(method, path): &&(String, String)| {
            V::wish(&Asked::to(method, path)).is_some_and(|(wished, _)| wished == kind)
        };
        self.state().seen.iter().filter(wish).count()
    }

    /// Returns the requests that the vendor does not document.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Notes a request that the vendor does not document.
    pub(super) fn violated(&self, what: String) {
        self.state().violations.push(what);
    }

    /// Returns the statuses that callbacks were answered with.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.state().statuses.clone()
    }

    /// Stores a recording.
    pub(crate) fn keeps_recording(&self, id: &str, content: &str) {
        self.state().recordings.insert(id.to_owned(), content.to_owned());
    }

    pub(super) fn recording(&self, id: &str) -> Option<String> {
        self.state().recordings.get(id).cloned()
    }

    /// Adds a call of another client that is like the last one.
    pub(crate) fn somebody_calls_too(&self) {
        let mut state = self.state();
        let last = state.calls.last().cloned().expect("there is a call");
        let id = V::id(Kind::Call, 900 + state.calls.len());
        let base = self.base.lock().unwrap().clone();
        let shown = V::shown(Kind::Call, &id, &last.asked, last.created_at, &base);
        state.calls.push(CreateOutcome { id, shown, ..last });
    }

    /// Changes the representation of a call or a message.
    pub(crate) fn becomes(&self, id: &str, change: &Value) {
        let mut state = self.state();
        let State { calls, texts, .. } = &mut *state;
        let made = calls.iter_mut().chain(texts).find(|made| made.id == id).expect("it was made");
        merge(&mut made.shown, change);
    }

    /// Returns `true` if no call is in progress and no callback is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.state().at_work == 0
    }

    /// Answers a request.
    pub(crate) async fn answer(self, asked: Asked) -> Reaction {
        self.state().seen.push((asked.method.clone(), asked.path.clone()));
        if let Some(refusal) = V::refusal(&asked) {
            return refusal;
        }
        match V::wish(&asked) {
            Some((kind, body)) => self.makes(kind, body).await,
            None => V::answer(&self, &asked),
        }
    }

    async fn makes(&self, kind: Kind, body: Value) -> Reaction {
        if let Err((what, refusal)) = V::check(kind, &body) {
            self.violated(what);
            return refusal;
        }
        let script = self.script_of(V::to(&body));
        if let Create::Refuses(reaction) = script.create {
            return reaction;
        }
        let (made, is_new) = self.keeps(kind, body, &script);
        if kind == Kind::Call && is_new {
            let (fake, id) = (self.clone(), made.id.clone());
            self.state().at_work += 1;
            let lives = async move { fake.lives(&id).await };
            if script.telling == Telling::BeforeTheAnswer {
                lives.await;
            } else {
                tokio::spawn(lives);
            }
        }
        match script.create {
            Create::MakesAnd(reaction) => reaction,
            Create::Accepts | Create::Refuses(_) | Create::RefusesOnce(_) => V::accepted(kind, &made),
        }
    }

    /// Returns the script of a request to a number. A `RefusesOnce` is replaced, so that later requests are accepted. A
    /// result that a test has set for the next request takes precedence.
    fn script_of(&self, to: &str) -> Script {
        let mut state = self.state();
        let mut script = state.scripts.get(to).unwrap_or(&self.surroundings.otherwise).clone();
        if let Create::RefusesOnce(reaction) = script.create {
            let accepts = Script { create: Create::Accepts, ..script };
            state.scripts.insert(to.to_owned(), accepts.clone());
            script = Script { create: Create::Refuses(reaction), ..accepts };
        }
        match state.next.pop_front() {
            Some(create) => Script { create, ..script },
            None => script,
        }
    }

    fn keeps(&self, kind: Kind, body: Value, script: &Script) -> (CreateOutcome, bool) {
        let created_at = self.surroundings.clock.now();
        let base = self.base.lock().unwrap().clone();
        let mut state = self.state();
        let list = match kind {
            Kind::Call => &mut state.calls,
            Kind::Text => &mut state.texts,
        };
        if let Some(same) = list.iter().find(|made| V::is_same(made, &body)) {
            return (same.clone(), false);
        }
        let id = V::id(kind, list.len() + 1);
        let shown = V::shown(kind, &id, &body, created_at, &base);
        let script = script.clone();
        let made = CreateOutcome { id, asked: body, shown, created_at, answered: false, over_at: None, script };
        list.push(made.clone());
        (made, true)
    }

    /// Runs the course of a call, with or without callbacks.
    async fn lives(&self, id: &str) {
        let Some(CreateOutcome { script, .. }) = self.call(id) else { return };
        let mut reversed: VecDeque<Told> = VecDeque::new();
        for step in script.story.steps(V::HUNG_UP) {
            tokio::time::sleep(self.surroundings.pause).await;
            let Some(told) = self.takes(id, step) else { break };
            match script.telling {
                Telling::InOrder | Telling::BeforeTheAnswer => self.sends(&told).await,
                Telling::TwiceAndReversed => told.into_iter().for_each(|told| reversed.push_front(told)),
                Telling::Never => {}
            }
        }
        let (named, unnamed): (Vec<Told>, Vec<Told>) = reversed.into_iter().partition(|told| told.names_the_call);
        for told in named.into_iter().chain(unnamed) {
            self.sends(&[told.clone(), told]).await;
        }
        self.state().at_work -= 1;
    }

    /// Applies a step to a call and returns its callbacks. Returns `None` if the call does not exist or was over
    /// already.
    pub(crate) fn takes(&self, id: &str, step: Step) -> Option<Vec<Told>> {
        let now = self.surroundings.clock.now();
        let mut state = self.state();
        let call = state.calls.iter_mut().find(|call| call.id == id)?;
        if call.over_at.is_some() && step != Step::IsComplete {
            return None;
        }
        call.answered |= step == Step::IsAnswered;
        if matches!(step, Step::Ends(_)) {
            call.over_at = Some(now);
        }
        let change = V::change(call, step, now);
        merge(&mut call.shown, &change);
        Some(V::told(call, step, now))
    }

    /// Ends a call at our request. Returns `false` if it does not exist or was over already.
    pub(super) fn ends(&self, id: &str) -> bool {
        let Some(over) = self.takes(id, Step::Ends(V::STOPPED)) else { return false };
        let silent = self.call(id).is_some_and(|call| call.script.telling == Telling::Never);
        let (fake, id) = (self.clone(), id.to_owned());
        self.state().at_work += 1;
        tokio::spawn(async move {
            let complete = fake.takes(&id, Step::IsComplete).unwrap_or_default();
            for told in [over, complete].iter().filter(|_| !silent) {
                fake.sends(told).await;
            }
            fake.state().at_work -= 1;
        });
        true
    }

    /// Returns a callback, signed, as it is sent.
    pub(crate) fn letter(&self, told: &Told) -> Letter {
        let mut headers = V::signed(told, self.surroundings.clock.now());
        headers.push(("content-type", told.content_type.to_owned()));
        Letter { url: told.url.clone(), headers, body: told.body.clone() }
    }

    /// Sends callbacks. Each one is sent again if it is not answered with 2xx, up to the vendor's number of retries.
    async fn sends(&self, told: &[Told]) {
        let Surroundings { courier, pause, .. } = &*self.surroundings;
        for told in told {
            for _ in 0..=V::RETRIES {
                let status = courier(self.letter(told)).await;
                self.state().statuses.push(status);
                if (200..300).contains(&status) {
                    break;
                }
                tokio::time::sleep(*pause).await;
            }
        }
    }
}

/// Copies the fields of one object into another.
fn merge(object: &mut Value, change: &Value) {
    let (Some(object), Some(change)) = (object.as_object_mut(), change.as_object()) else { return };
    object.extend(change.clone());
}
