//! A payer: tabs, impatience, second thoughts, and an old page that is still open.

use crate::exec::Group;
use crate::post;
use crate::world::World;
use cashier::channel::PayRequest;
use cashier::command::{PayCommand, Payable, Refusal};
use cashier::flow::FlowStatus;
use cashier::id::{AccountId, FlowNo, OrderId};
use cashier::journal::Source;
use cashier::time::Span;
use cashier::way::{ChannelKind, Way};
use std::sync::{Arc, Mutex};

/// The ways that a payer takes: signed by us, made by a call, at both channels.
const WAYS: [Way; 5] = [
    Way::AliPc,
    Way::AliQr,
    Way::WxNative,
    Way::WxH5,
    Way::AliWap,
];

/// What lies open on the payers' screens: everything that was ever handed out.
pub type Screens = Arc<Mutex<Vec<FlowNo>>>;

/// A wish to pay.
pub fn wish(way: Way) -> PayCommand {
    PayCommand {
        source: Source::Payer,
        way,
        account: AccountId::new(way.channel().name()),
        payer: None,
        auth_code: None,
        client_ip: Some("203.0.113.7".to_owned()),
        notify_url: "https://till.example/notify".to_owned(),
        return_url: None,
    }
}

/// One payer, in one tab.
pub async fn pay(world: Arc<World>, order: OrderId, screens: Screens, apart: Span) {
    let exec = &world.exec;
    exec.sleep(exec.span(Span::millis(0), apart)).await;
    let way = way(&world);
    let mut current = way;
    for _ in 0..=exec.below(4) {
        let by_code = exec.chance(world.plan().counter);
        let done = match exec.below(12) {
            0 => return,
            1..=8 if by_code => show(&world, &order).await,
            1..=6 => ask(&world, &order, current, &screens).await,
            7 | 8 => {
                current = self::way(&world);
                ask(&world, &order, current, &screens).await
            }
            9 => {
                let id = order.clone();
                let checked = world.ask(move |cashier| async move { cashier.check(&id).await });
                drop(checked.await);
                false
            }
            _ => false,
        };
        if done && exec.chance(600) {
            return;
        }
        think(&world).await;
        if exec.chance(650) {
            settle(&world, &screens).await;
        }
        think(&world).await;
    }
    // The old page, once more.
    if exec.chance(150) {
        settle(&world, &screens).await;
    }
}

fn way(world: &World) -> Way {
    let drawn = world.exec.below(u32::try_from(WAYS.len()).unwrap_or(1));
    let index = usize::try_from(drawn).unwrap_or(0);
    WAYS.get(index).copied().unwrap_or(Way::AliPc)
}

async fn think(world: &World) {
    let exec = &world.exec;
    let longest = [
        Span::seconds(3),
        Span::seconds(60),
        Span::minutes(10),
        Span::minutes(25),
    ];
    let drawn = usize::try_from(exec.below(4)).unwrap_or(0);
    let longest = longest.get(drawn).copied().unwrap_or(Span::seconds(3));
    exec.sleep(exec.span(Span::millis(50), longest)).await;
}

/// The wallet itself reminds the payer of a trade that waits for them: they may pay
/// before Till has heard that the trade exists.
pub fn reminded(world: &Arc<World>, flow: &FlowNo) {
    let (world, flow) = (world.clone(), flow.clone());
    world.exec.clone().spawn(Group::World, async move {
        let exec = &world.exec;
        exec.sleep(exec.span(Span::millis(1), Span::seconds(15)))
            .await;
        let now = world.channel_time();
        let paid = world.bank.books().pay(&flow, false, now);
        world.sight.trace(
            exec.now(),
            format_args!("a reminded payer pays {flow}: {paid}"),
        );
        if paid {
            post::paid(&world, &flow);
        }
    });
}

/// The payer shows a code at the counter, which may bring it more than once. Whether
/// the order cannot be paid any more.
async fn show(world: &Arc<World>, order: &OrderId) -> bool {
    let exec = &world.exec;
    let way = match exec.below(2) {
        0 => Way::AliBar,
        _ => Way::WxBar,
    };
    let code = world.bank.books().show_code(world.channel_time());
    let mut is_over = false;
    for _ in 0..=exec.below(3) {
        let (id, mut wish) = (order.clone(), wish(way));
        wish.auth_code = Some(code.clone());
        let said = world
            .ask(move |cashier| async move { cashier.pay(&id, wish).await })
            .await;
        let now = exec.now();
        match said {
            Some(Ok(Payable { flow, .. })) => {
                let text = format_args!("counter follows {flow} ({way}, {code})");
                world.sight.trace(now, text);
            }
            Some(Err(refusal)) => {
                let text = format_args!("counter is refused {way}, {code}: {refusal}");
                world.sight.trace(now, text);
                if matches!(refusal, Refusal::ChannelRefused { .. }) {
                    world.told_no(&code);
                }
                is_over = matches!(
                    refusal,
                    Refusal::OrderPaid | Refusal::OrderClosed | Refusal::OrderExpired
                );
            }
            None => {}
        }
        let longest = match exec.below(3) {
            0 => Span::seconds(100),
            _ => Span::seconds(8),
        };
        exec.sleep(exec.span(Span::millis(50), longest)).await;
    }
    is_over
}

/// The wallet has paid by a code. WeChat Pay sends no notice of that.
pub fn charged(world: &Arc<World>, kind: ChannelKind, flow: &FlowNo) {
    world.nobody_is_cheated();
    if kind == ChannelKind::Alipay {
        post::paid(world, flow);
    }
}

/// The channel contradicts itself: a code whose payer was told that it has paid nothing
/// is paid all the same. What Till takes back at the channel's word is left alone.
pub fn charged_after_all(world: &Arc<World>, kind: ChannelKind, request: &PayRequest) {
    let (world, request) = (world.clone(), request.clone());
    world.exec.clone().spawn(Group::World, async move {
        let exec = &world.exec;
        exec.sleep(exec.span(Span::seconds(5), Span::minutes(10)))
            .await;
        let flow = &request.flow_no;
        let is_denied = world.flow(flow).is_some_and(|known| match known.status {
            FlowStatus::Failed | FlowStatus::Expired => true,
            FlowStatus::Closed => known.reverse_wanted_at.is_none(),
            _ => false,
        });
        let now = world.channel_time();
        if is_denied && world.bank.books().take_after_all(kind, &request, now) {
            world
                .sight
                .trace(exec.now(), format_args!("bank takes {flow} after all"));
            charged(&world, kind, flow);
        }
    });
}

/// The wallet asks for a password: the payer types it, soon or late, will not, or has
/// gone.
pub fn asked(world: &Arc<World>, kind: ChannelKind, flow: &FlowNo) {
    let (world, flow) = (world.clone(), flow.clone());
    world.exec.clone().spawn(Group::World, async move {
        let exec = &world.exec;
        let (soonest, latest) = match exec.chance(world.plan().slow_payer) {
            true => (Span::seconds(30), Span::seconds(120)),
            false => (Span::seconds(1), Span::seconds(30)),
        };
        exec.sleep(exec.span(soonest, latest)).await;
        let now = world.channel_time();
        let text = match exec.below(10) {
            0 => return,
            1 => {
                world.bank.books().give_up(&flow);
                "does not want to pay"
            }
            _ if world.bank.books().pay(&flow, false, now) => {
                charged(&world, kind, &flow);
                "types the password of"
            }
            _ => "is too late for",
        };
        world
            .sight
            .trace(exec.now(), format_args!("payer {text} {flow}"));
    });
}

/// Asks to pay. Whether the order cannot be paid any more.
async fn ask(world: &Arc<World>, order: &OrderId, way: Way, screens: &Screens) -> bool {
    let id = order.clone();
    let asked = world.ask(move |cashier| async move { cashier.pay(&id, wish(way)).await });
    let said = asked.await;
    let now = world.exec.now();
    match said {
        Some(Ok(Payable { flow, .. })) => {
            world
                .sight
                .trace(now, format_args!("payer is shown {flow} ({way})"));
            let mut open = screens
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            open.push(flow);
            false
        }
        Some(Err(refusal)) => {
            world
                .sight
                .trace(now, format_args!("payer is refused {way}: {refusal}"));
            matches!(
                refusal,
                Refusal::OrderPaid | Refusal::OrderClosed | Refusal::OrderExpired
            )
        }
        None => false,
    }
}

/// Pays something that lies open: mostly the newest, sometimes an older one.
async fn settle(world: &Arc<World>, screens: &Screens) {
    let exec = &world.exec;
    let open = screens
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
    let count = u32::try_from(open.len()).unwrap_or(0);
    if count == 0 {
        return;
    }
    let back = if exec.chance(700) {
        0
    } else {
        exec.below(count)
    };
    let index = usize::try_from(count.saturating_sub(1).saturating_sub(back)).unwrap_or(0);
    let Some(flow) = open.get(index) else {
        return;
    };
    let now = exec.now();
    let opened = world.bank.books().scan(flow, world.channel_time());
    world
        .sight
        .trace(now, format_args!("payer opens {flow}: {opened}"));
    if exec.chance(500) {
        think(world).await;
    } else {
        exec.sleep(exec.span(Span::millis(300), Span::seconds(8)))
            .await;
    }
    let contradict = exec.chance(world.plan().contradiction);
    let now = exec.now();
    let theirs = world.channel_time();
    let paid = world.bank.books().pay(flow, contradict, theirs);
    world
        .sight
        .trace(now, format_args!("payer pays {flow}: {paid}"));
    if paid {
        post::paid(world, flow);
    }
}
