//! Simulated provider, for SMS.

use domain::digest::hex;
use domain::ids::ProviderMessageId;
use domain::sms::{DeliveryReport, DeliveryStatus, Message, Outcome, SmsConversation};
use futures::FutureExt;
use futures::future::BoxFuture;
use store::{MESSAGE_VERSION, SendPermit, SimulatedText};

use super::text_script::{self, TextAnswer, TextScript, UNREACHABLE};
use super::{ReplyJob, ReportJob, Simulator, SimulatorJob};
use crate::outcome::{Wire, classify};
use crate::sms::SmsProvider;
use crate::voice::{ProviderError, SearchResult};

impl Simulator {
    async fn take(&self, permit: &SendPermit) -> Wire<ProviderMessageId> {
        let conversation = permit.conversation();
        let answer = TextScript::of(&conversation.to).answer();
        if let TextAnswer::Refuse { status, meaning } = answer {
            return Wire::Answered { status, retry_after: None, id: None, meaning: Some(meaning), code: None };
        }
        let Ok(random) = self.store.table.entropy().bytes::<12>() else { return Wire::NotSent };
        let message = &permit.stored().message;
        let text = SimulatedText {
            message_id: format!("sim_{}", hex(&random)),
            conversation: conversation.id,
            number: message.number,
            attempt: permit.attempt(),
            to: conversation.to.clone(),
            from: conversation.from.clone(),
            content: message.content.clone(),
            sent_at: self.store.table.now(),
        };
        if let Err(error) = self.store.table.put_simulated_text(&text).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the simulator's text may not have been taken");
            return Wire::Broken;
        }
        self.send_later(&conversation.scope, &text_callbacks(conversation, &text), text.sent_at).await;
        if answer == TextAnswer::TakeAndTimeOut {
            return Wire::TimedOut;
        }
        let id = Some(ProviderMessageId::new(text.message_id));
        Wire::Answered { status: 201, retry_after: None, id, meaning: None, code: None }
    }

    async fn find_text(
        &self,
        conversation: &SmsConversation,
        message: &Message,
    ) -> Result<Option<DeliveryReport>, ProviderError> {
        let now = self.store.table.now();
        let texts = self.store.table.simulated_texts(&conversation.to).await.map_err(ProviderError::new)?;
        let found = texts.iter().find(|text| text.conversation == conversation.id && text.number == message.number);
        Ok(found.map(|text| report(text, text_script::status(text, now))))
    }
}

fn text_callbacks(
    conversation: &SmsConversation,
    text: &SimulatedText,
) -> Vec<(domain::time::Timestamp, SimulatorJob)> {
    let reports = text_script::reports(text).into_iter().map(|(at, status)| {
        let job = ReportJob {
            v: MESSAGE_VERSION,
            conversation: conversation.id,
            scope: conversation.scope.clone(),
            number: text.number,
            report: report(text, status),
        };
        (at, SimulatorJob::Report(job))
    });
    let replies = text_script::replies(text).into_iter().zip(1..).map(|((at, content), place)| {
        let job = ReplyJob {
            v: MESSAGE_VERSION,
            scope: conversation.scope.clone(),
            from: text.to.clone(),
            to: text.from.clone(),
            message_id: format!("{}_reply_{place}", text.message_id),
            content: content.to_owned(),
        };
        (at, SimulatorJob::Reply(job))
    });
    reports.chain(replies).collect()
}

fn report(text: &SimulatedText, status: DeliveryStatus) -> DeliveryReport {
    DeliveryReport {
        provider_message_id: ProviderMessageId::new(text.message_id.clone()),
        status,
        error_code: (status == DeliveryStatus::Undelivered).then(|| UNREACHABLE.to_owned()),
        opted_out: false,
    }
}

impl SmsProvider for Simulator {
    fn send(&self, permit: SendPermit) -> BoxFuture<'_, Outcome> {
        async move { classify(self.take(&permit).await) }.boxed()
    }

    fn search<'a>(
        &'a self,
        conversation: &'a SmsConversation,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<SearchResult<DeliveryReport>, ProviderError>> {
        async move { self.find_text(conversation, message).await.map(SearchResult::from) }.boxed()
    }
}
