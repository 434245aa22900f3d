//! Tokens of programs, and the keys of their requests.

use catalog::{
    AnswerSlot, Catalog, Conflict, Error, MOST_TOKENS, NewToken, NewUser, Principal, StoredAnswer,
    TokenOutcome, TokenRefused,
};
use domain::{
    UserId,
    access::{Permission, Role, may},
    audit::Origin,
};

use crate::{
    access::session_of,
    world::{DAY, HOUR, World, contract},
};

async fn person(world: &World, name: &str, role: Role) -> (UserId, Principal) {
    let email = format!("{name}@example.org");
    let new = NewUser { name: name.into(), email, role, password_hash: None };
    let user = world.our().create_user(new).await.unwrap();
    let session = session_of(world, user).await;
    (user, world.catalog.authenticate_session(&session).await.unwrap().unwrap())
}

fn new(world: &World, secret: u8, scopes: &[Permission]) -> NewToken {
    NewToken {
        name: "nightly".into(),
        prefix: "hf_abcdefgh".into(),
        secret_hash: vec![secret; 32],
        scopes: scopes.to_vec(),
        expires_at: world.catalog.clock().now().plus_ms(30 * DAY),
        is_proven: true,
    }
}

async fn known(catalog: &Catalog, secret: u8) -> Result<Principal, TokenRefused> {
    match catalog.authenticate_token(&[secret; 32]).await.unwrap() {
        TokenOutcome::Known { principal, .. } => Ok(principal),
        TokenOutcome::Refused(reason) => Err(reason),
    }
}

const READ: Permission = Permission::ReadBackups;
const START: Permission = Permission::StartBackup;

contract! {
    a_token_has_what_it_names_and_its_person_still_has(world) {
        let ours = world.ours.id;
        let (user, ann) = person(world, "ann", Role::Operator).await;
        let made = world.catalog.create_token(&ann, ours, &new(world, 1, &[READ, START]), &Origin::here()).await.unwrap();
        let program = known(&world.catalog, 1).await.unwrap();
        assert!(program.is_token() && program.name().contains("ann (token hf_abcdefgh"), "{}", program.name());
        // The same person to every rule that asks for a second one.
        assert_eq!(program.actor().key(), ann.actor().key());
        assert!(program.allow::<may::StartBackup>(ours).is_ok() && program.allow::<may::VerifyBackup>(ours).is_err());
        assert!(program.allow::<may::ReadBackups>(world.theirs.id).is_err());
        let scope = program.allow::<may::ReadBackups>(ours).unwrap();
        assert!(scope.permits(START) && !scope.permits(Permission::VerifyBackup));
        // A token makes, sees and revokes none.
        assert!(world.catalog.create_token(&program, ours, &new(world, 2, &[READ]), &Origin::here()).await.is_err());
        assert!(world.catalog.own_tokens(&program, ours).await.is_err());
        assert!(world.catalog.revoke_token(&program, ours, made, &Origin::here()).await.is_err());
        // Nor does anybody give what they have not, or in an organisation that is not theirs.
        let much = world.catalog.create_token(&ann, ours, &new(world, 2, &[Permission::ManageUsers]), &Origin::here()).await;
        assert!(matches!(much, Err(Error::Denied(_))), "{much:?}");
        let foreign = world.catalog.create_token(&ann, world.theirs.id, &new(world, 2, &[READ]), &Origin::here()).await;
        assert!(matches!(foreign, Err(Error::NotFound { .. })), "{foreign:?}");

        world.our().change_user(user, Role::Viewer, true).await.unwrap();
        let program = known(&world.catalog, 1).await.unwrap();
        assert!(program.allow::<may::StartBackup>(ours).is_err() && program.allow::<may::ReadBackups>(ours).is_ok());
        world.our().change_user(user, Role::Operator, false).await.unwrap();
        assert_eq!(known(&world.catalog, 1).await.unwrap_err(), TokenRefused::Person);
        assert_eq!(known(&world.catalog, 9).await.unwrap_err(), TokenRefused::Unknown);
    }

    a_token_ends_by_its_time_or_by_its_person(world) {
        let ours = world.ours.id;
        let (_, ann) = person(world, "ann", Role::Operator).await;
        let (_, bob) = person(world, "bob", Role::Operator).await;
        let first = world.catalog.create_token(&ann, ours, &new(world, 1, &[READ]), &Origin::here()).await.unwrap();
        world.catalog.create_token(&ann, ours, &new(world, 2, &[READ]), &Origin::here()).await.unwrap();
        assert!(world.catalog.create_token(&bob, ours, &new(world, 1, &[READ]), &Origin::here()).await.is_err(), "one secret, one token");
        assert!(world.catalog.own_tokens(&bob, ours).await.unwrap().is_empty());
        let foreign = world.catalog.revoke_token(&bob, ours, first, &Origin::here()).await;
        assert!(matches!(foreign, Err(Error::NotFound { .. })), "{foreign:?}");
        world.catalog.revoke_token(&ann, ours, first, &Origin::here()).await.unwrap();
        let revoked_at = world.catalog.own_tokens(&ann, ours).await.unwrap()[1].revoked_at;
        assert!(revoked_at.is_some());
        world.clock.advance_ms(HOUR);
        world.catalog.revoke_token(&ann, ours, first, &Origin::here()).await.unwrap();
        assert_eq!(world.catalog.own_tokens(&ann, ours).await.unwrap()[1].revoked_at, revoked_at);
        assert_eq!(known(&world.catalog, 1).await.unwrap_err(), TokenRefused::Revoked);
        assert!(known(&world.catalog, 2).await.is_ok());
        world.clock.advance_ms(30 * DAY);
        assert_eq!(known(&world.catalog, 2).await.unwrap_err(), TokenRefused::Expired);
        let mut long = new(world, 3, &[READ]);
        long.expires_at = world.catalog.clock().now().plus_ms(367 * DAY);
        assert!(world.catalog.create_token(&ann, ours, &long, &Origin::here()).await.is_err(), "nothing lasts longer than a year");
    }

    its_use_is_written_once_a_minute(world) {
        let ours = world.ours.id;
        let (_, ann) = person(world, "ann", Role::Operator).await;
        world.catalog.create_token(&ann, ours, &new(world, 1, &[READ]), &Origin::here()).await.unwrap();
        let used = async || world.catalog.own_tokens(&ann, ours).await.unwrap()[0].last_used_at;
        assert_eq!(used().await, None);
        known(&world.catalog, 1).await.unwrap();
        let first = used().await;
        assert_eq!(first, Some(world.catalog.clock().now()));
        world.clock.advance_ms(60_000);
        known(&world.catalog, 1).await.unwrap();
        assert_eq!(used().await, first);
        world.clock.advance_ms(1);
        known(&world.catalog, 1).await.unwrap();
        assert_eq!(used().await, Some(world.catalog.clock().now()));
    }

    one_person_has_so_many_tokens_and_no_more(world) {
        let ours = world.ours.id;
        let (_, ann) = person(world, "ann", Role::Operator).await;
        for n in 1..MOST_TOKENS {
            let new = new(world, u8::try_from(n).unwrap(), &[READ]);
            world.catalog.create_token(&ann, ours, &new, &Origin::here()).await.unwrap();
        }
        let (one, two) = (new(world, 200, &[READ]), new(world, 201, &[READ]));
        let here = Origin::here();
        let (one, two) = tokio::join!(
            world.catalog.create_token(&ann, ours, &one, &here),
            world.catalog.create_token(&ann, ours, &two, &here),
        );
        assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "of two at once one is the last");
        let refused = one.err().or(two.err()).unwrap();
        assert!(matches!(refused, Error::Conflict(Conflict::TooManyTokens)), "{refused:?}");
    }

    a_key_is_taken_by_one_and_answers_alike_afterwards(world) {
        let ours = world.ours.id;
        let (_, ann) = person(world, "ann", Role::Operator).await;
        let (_, bob) = person(world, "bob", Role::Operator).await;
        let catalog = &world.catalog;
        let take = async |who: &Principal, hash: u8| catalog.take_answer(who, ours, "k", &[hash]).await.unwrap();
        let (one, two) = tokio::join!(take(&ann, 1), take(&ann, 1));
        assert!([&one, &two].contains(&&AnswerSlot::Taken) && [&one, &two].contains(&&AnswerSlot::AtWork), "{one:?} {two:?}");
        assert_eq!(take(&ann, 2).await, AnswerSlot::Other);
        assert_eq!(take(&bob, 2).await, AnswerSlot::Taken, "another person's key is another key");
        assert!(catalog.take_answer(&ann, world.theirs.id, "k", &[1]).await.is_err());
        let answer = StoredAnswer { status: 202, body: "{}".into() };
        catalog.settle_answer(&ann, ours, "k", Some(&answer)).await.unwrap();
        assert_eq!(take(&ann, 1).await, AnswerSlot::Answered(answer));
        catalog.settle_answer(&bob, ours, "k", None).await.unwrap();
        assert_eq!(take(&bob, 3).await, AnswerSlot::Taken, "freed");
        world.clock.advance_ms(120_000);
        assert_eq!(take(&bob, 3).await, AnswerSlot::AtWork);
        world.clock.advance_ms(1);
        assert_eq!(take(&bob, 4).await, AnswerSlot::Taken, "its server died");
        world.clock.advance_ms(DAY);
        assert_eq!(world.system().delete_old_answers().await.unwrap(), 2);
        assert_eq!(take(&ann, 2).await, AnswerSlot::Taken);
    }
}
